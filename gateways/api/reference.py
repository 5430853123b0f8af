"""The API as a page to read: HTML from its OpenAPI document, without a script and with nothing from elsewhere."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec

from gateways.http.operation import JSON

Json = dict[str, Any]
STYLE: Final = Path(__file__).with_name("reference.css").read_text()
_CODE: Final = re.compile(r"`([^`]+)`")
_LIMITS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxLength": "at most {} long",
    "default": "default {}",
}


def page(document: Json) -> str:
    """The whole page."""
    title, parts = f"{document['info']['title']}: the API", document["components"]
    operations = [
        (f"{method.upper()} {path}", said)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]
    tags = {tag["name"]: [one for one in operations if tag["name"] in one[1]["tags"]] for tag in document["tags"]}
    about = "".join(map(_paragraph, document["info"]["description"].split("\n\n")))
    sections = "".join(
        _section(tag["name"], tag["description"], (_operation(*one, parts) for one in tags[tag["name"]]))
        for tag in document["tags"]
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f'<a class="skip" href="#content">To the content</a><nav aria-label="Contents">{_contents(tags)}</nav>'
        f'<main id="content"><h1>{title}</h1><p class="lead">{_prose(document["info"]["summary"])}</p>{about}'
        f'<p>The same for programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI {document["openapi"]}).</p>'
        f"{sections}{_refusals(parts['responses'])}"
        f"{_section('schemas', '', (_schema(*one) for one in parts['schemas'].items()))}</main></body></html>"
    )


def _contents(tags: Mapping[str, list[tuple[str, Json]]]) -> str:
    listed = {
        tag: "".join(f"<li>{_link(said['operationId'], said['summary'])}</li>" for _, said in operations)
        for tag, operations in tags.items()
    } | {"refusals": "", "schemas": ""}
    return "".join(f"<h2>{_link(name, name.title())}</h2><ul>{items}</ul>" for name, items in listed.items())


def _section(name: str, says: str, articles: Iterable[str]) -> str:
    return f'<section id="{name}"><h2>{name.title()}</h2>{_paragraph(says)}{"".join(articles)}</section>'


def _operation(address: str, said: Json, parts: Json) -> str:
    method, path = address.split()
    parameters = [parts["parameters"][_last(one)] for one in said.get("parameters", [])]
    refusals = [_last(one) for one in said["responses"].values() if "$ref" in one]
    answers = [(status, one) for status, one in said["responses"].items() if "$ref" not in one]
    token = {0: "", 1: "Needs the recording's token.", 2: "The recording's token may be sent."}[len(said["security"])]
    return (
        f'<article id="{said["operationId"]}"><h3>{_prose(said["summary"])}</h3>'
        f'<p class="address"><b class="{method}">{method}</b> <code>{path}</code></p>'
        f"{_paragraph(said.get('description', ''))}{_paragraph(token)}"
        + _table(
            ["Parameter", "In", "Type", "Meaning"],
            [[_code(p["name"]), p["in"], _type(p["schema"]), _prose(p["description"])] for p in parameters],
        )
        + _paragraph("Body: ", _content(said.get("requestBody", {})))
        + _table(["Status", "Answer", "Content"], [[s, _prose(a["description"]), _content(a)] for s, a in answers])
        + _paragraph("Refusals: ", ", ".join(_link(name, _status(parts["responses"][name])) for name in refusals))
        + "</article>"
    )


def _content(said: Json) -> str:
    """Media types, what is in them, and the events of a stream."""
    found = []
    for media_type, content in said.get("content", {}).items():
        kind = _type(content["schema"]) if media_type == JSON else ""
        found.append(f"{_code(media_type)} {kind}")
        for event in content.get("x-itemSchema", {}).get("oneOf", []):
            name, data = event["properties"]["event"]["const"], event["properties"]["data"]["contentSchema"]
            found.append(f"event {_code(name)} {_type(data)}")
    return "<br>".join(found)


def _refusals(responses: Json) -> str:
    rows = []
    for name, said in responses.items():
        (content,) = said["content"].values()
        code = content["schema"]["properties"]["code"]["const"]
        rows.append([f'<span id="{name}">{_status(said)}</span>', _code(code), _prose(said["description"])])
    says = "What may be in `code` and `status`, and what each means."
    return _section("refusals", says, [_table(["Status", "Code", "Meaning"], rows)])


def _status(response: Json) -> str:
    (content,) = response["content"].values()
    return str(content["schema"]["properties"]["status"]["const"])


def _schema(name: str, said: Json) -> str:
    required, fields = said.get("required", []), said.get("properties", {})
    rows = [
        [_code(field), _type(one) + ("" if field in required else ", optional"), _prose(one.get("description", ""))]
        for field, one in fields.items()
    ]
    examples = "".join(f"<pre>{escape(_pretty(example))}</pre>" for example in said.get("examples", []))
    kind = "" if fields else _paragraph("", _type(said))
    return (
        f'<article id="{name}"><h3>{name}</h3>{_paragraph(said.get("description", ""))}{kind}'
        f"{_table(['Field', 'Type', 'Meaning'], rows)}{examples}</article>"
    )


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return _link(_last(schema), _last(schema))
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(_code(str(word)) for word in schema["enum"])
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    limits = [says.format(schema[name]) for name, says in _LIMITS.items() if name in schema]
    return escape(", ".join([schema.get("format") or schema.get("type", ""), *limits]))


def _table(head: list[str], rows: list[list[str]]) -> str:
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>' * bool(rows)


def _paragraph(says: str, markup: str = "") -> str:
    return f"<p>{_prose(says)}{markup}</p>" if (markup or says.strip()[-1:] not in ("", ":")) else ""


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _link(to: str, text: str) -> str:
    return f'<a href="#{to}">{_prose(text)}</a>'


def _last(reference: Json) -> str:
    return str(reference["$ref"].rpartition("/")[2])


def _pretty(example: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
