import { expect, test } from "vitest";
import { missingIn, roomIn } from "./observer";

test("the server's own words say what is missing", () =>
  expect(missingIn('{"status":"unavailable","checks":{"nats":"ok","storage":"disk full"}}')).toBe("storage"));

test.each(["", "<html>", "{}"])("an answer without names is still a warning: %j", (text) =>
  expect(missingIn(text)).toBe("something is away"));

test("a disk that fills up is told in the server's words", () => {
  const away = [{ name: "redis", why: "away" }, { name: "disk space", why: "Only 3 MB are left.", means: "" }];
  expect(roomIn(JSON.stringify({ status: "degraded", away }))).toBe("Only 3 MB are left.");
  expect(["", "<html>", '{"status":"ok"}'].map(roomIn)).toEqual(["", "", ""]);
});
