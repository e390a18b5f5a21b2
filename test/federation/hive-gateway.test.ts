import { startHiveGateway } from "../supergraph/hive-gateway.ts";
import { describeQueryShapes } from "./answer-query-shapes.ts";

describeQueryShapes("hive", startHiveGateway);
describeQueryShapes("hive-rust", (world) => startHiveGateway({ ...world, usesRustPlanner: true }));
