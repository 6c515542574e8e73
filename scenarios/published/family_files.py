# SPDX-License-Identifier: Apache-2.0
"""Cases of a family as the text of a scenario file: what all share once, then each case with the rest."""

import re


def common_part(documents):
    """Keys and values that all documents share; mappings are compared key by key."""
    first, common = documents[0], {}
    for key, value in first.items():
        if not all(key in other for other in documents):
            continue
        others = [other[key] for other in documents]
        if all(isinstance(other, dict) for other in others):
            shared = common_part(others)
            if shared:
                common[key] = shared
        elif all(other == value for other in others):
            common[key] = value
    return common


def without(document, common):
    """What a document has beyond the common part."""
    rest = {}
    for key, value in document.items():
        if key not in common:
            rest[key] = value
        elif isinstance(value, dict):
            inner = without(value, common[key])
            if inner:
                rest[key] = inner
    return rest


def scalar(value):
    """A value in YAML; a text without quotes where it can be nothing else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {scalar(inner)}" for key, inner in value.items()) + "}"
    text = str(value)
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9][\w./+-]*( (s|GB|GiB|samples/s|Gb/s))?", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def section_lines(document, indent):
    """One section a line; a measurement, which holds sentences, one key a line."""
    lines = []
    for key, value in document.items():
        if key == "measured":
            lines.append(f"{indent}measured:")
            lines += [f"{indent}  {inner}: {scalar(text)}" for inner, text in value.items()]
        else:
            lines.append(f"{indent}{key}: {scalar(value)}")
    return lines


def family_text(family, cases):
    """The scenario file of a family."""
    ids = [case["id"] for case in cases]
    cases = [{key: value for key, value in case.items() if key not in ("id", "recompute_open")} for case in cases]
    common = common_part(cases) if len(cases) > 1 else without(cases[0], {"measured": {}})
    lines = [f"# Published training runs of the family {family}, written by convert.py: change that, or its table, and run it again.",
             f"description: {family}, published training runs"]
    lines += section_lines(common, "")
    lines.append("cases:")
    for name, case in zip(ids, cases):
        lines.append(f"  - id: {scalar(name)}")
        lines += section_lines(without(case, common), "    ")
    return "\n".join(lines) + "\n"
