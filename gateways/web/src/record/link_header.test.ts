import { expect, test } from "vitest";
import { iceServers } from "./link_header";

test("the RFC's own example is read", () =>
  expect(
    iceServers(
      '<stun:stun.example.net>; rel="ice-server", ' +
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="my, \\"password"; credential-type="password"',
    ),
  ).toEqual([
    { urls: "stun:stun.example.net" },
    { urls: "turn:turn.example.net?transport=udp", username: "user", credential: 'my, "password' },
  ]));

test.each([null, "", '<https://example.net>; rel="next"', '<https://evil.example>; rel="ice-server"', "garbage"])(
  "nothing is taken from %j",
  (header) => expect(iceServers(header)).toEqual([]),
);
