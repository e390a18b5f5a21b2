import { describeQueryShapes } from "./answer-query-shapes.ts";
import { startApolloGateway } from "./apollo-gateway.ts";

describeQueryShapes("apollo", startApolloGateway);
