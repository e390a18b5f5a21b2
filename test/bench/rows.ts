/** What an upstream calls the two ways that tasks of the bench are doing. */
export interface RawStates {
  readonly eiotclub: string;
  readonly bkSops: string;
}

const running: RawStates = { eiotclub: "1", bkSops: "RUNNING" };
const ended: RawStates = { eiotclub: "2", bkSops: "FINISHED" };

/** A task's number tells how it is doing: from this one on it has ended well, and below it runs. */
export const firstEndedNumber = 2_000_000_000;

/** Tasks of ten digits, so that texts are in the order of their numbers. */
export const hasEnded = (localId: string): boolean => localId >= String(firstEndedNumber);

export const rawStatesOf = (localId: string): RawStates => (hasEnded(localId) ? ended : running);

export const taskName = (localId: string): string => `Nightly rollout ${localId}`;

/** JSON of one row of an eIoTClub answer. */
export function eiotclubRow(localId: string): string {
  return `{"id":"${localId}","status":"${rawStatesOf(localId).eiotclub}","result":""}`;
}

/** JSON of one row of a bk-sops answer, with all that the vendor's source puts into one. */
export function bkSopsRow(localId: string): string {
  const name = taskName(localId);
  const finishTime = hasEnded(localId) ? "2026-11-22 09:05:22 +0800" : "";
  return (
    `{"id":${localId},"name":"${name}","status":{"id":"n5c1f6a0b7f3f3e1a8b0c2d4e6f80912","state":"${rawStatesOf(localId).bkSops}",` +
    '"root_id:":"n5c1f6a0b7f3f3e1a8b0c2d4e6f80912","parent_id":"n5c1f6a0b7f3f3e1a8b0c2d4e6f80912",' +
    '"version":"v8e2d1c0b9a8f7e6d5c4b3a2918070605","loop":1,"retry":0,"skip":false,"error_ignorable":false,' +
    `"error_ignored":false,"elapsed_time":321,"start_time":"2026-11-22 09:00:01 +0800","finish_time":null,"name":"${name}"},` +
    '"flow_type":"common","current_flow":"execute_task","is_deleted":false,"create_time":"2026-11-22 08:59:58 +0800",' +
    `"start_time":"2026-11-22 09:00:00 +0800","finish_time":"${finishTime}","url":"https://sops.example.com/taskflow/execute/2/?instance_id=${localId}"}`
  );
}
