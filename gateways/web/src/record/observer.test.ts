import { expect, test } from "vitest";
import { missingIn } from "./observer";

test("the server's own words say what is missing", () =>
  expect(missingIn('{"status":"unavailable","checks":{"nats":"ok","storage":"disk full"}}')).toBe("storage"));

test.each(["", "<html>", "{}"])("an answer without names is still a warning: %j", (text) =>
  expect(missingIn(text)).toBe("something is away"));
