/** Has the floor's server keep tasks that have ended. */
export const keepingFlag = "--keep";
