#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every shipped scenario against the JSON Schema that `mfusim schema` prints, and some wrong ones too.

usage: schema_validates.py MFUSIM   (from the root of the sources; 77: skipped, Debian: python3-jsonschema python3-yaml)
"""
import copy
import json
import pathlib
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

if not hasattr(jsonschema, "Draft202012Validator"):
    print("skipped: python3-jsonschema is older than the draft of 2020-12")
    sys.exit(77)


def with_json_keys(node):
    """YAML mappings may have numbers for keys; JSON objects have strings."""
    if isinstance(node, dict):
        return {str(key): with_json_keys(value) for key, value in node.items()}
    return [with_json_keys(one) for one in node] if isinstance(node, list) else node


def keys_without(schema, key, path=""):
    """Paths of the properties that lack a key."""
    for name, one in schema.get("properties", {}).items():
        if key not in one and "$ref" not in one:
            yield path + name
        yield from keys_without(one, key, path + name + ".")


findings = []
schema = json.loads(subprocess.run([sys.argv[1], "schema"], check=True, capture_output=True).stdout)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
findings += [f"no description: {path}" for path in keys_without({"properties": schema["properties"]}, "description")]

scenarios = sorted(pathlib.Path("scenarios").glob("**/*.yaml"))
for path in scenarios:
    document = with_json_keys(yaml.safe_load(path.read_text(encoding="utf-8")))
    for error in validator.iter_errors(document):
        findings.append(f"{path}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}")

right = with_json_keys(yaml.safe_load(pathlib.Path("scenarios/clip-l14-336-a100x8.yaml").read_text(encoding="utf-8")))
wrong = {
    "a key that is not modelled": lambda scenario: scenario.update(speed=1),
    "a misspelt key": lambda scenario: scenario["parallel"].update(tensr=2),
    "no GPU": lambda scenario: scenario["cluster"].pop("gpu"),
    "no batch": lambda scenario: scenario["training"].pop("global_batch"),
    "no training": lambda scenario: scenario.pop("training"),
    "a word for a number": lambda scenario: scenario["parallel"].update(pipeline="two"),
    "an unknown GPU": lambda scenario: scenario["cluster"].update(gpu="abacus"),
}
for what, spoil in wrong.items():
    scenario = copy.deepcopy(right)
    spoil(scenario)
    if validator.is_valid(scenario):
        findings.append(f"the schema takes a scenario with {what}")

print(f"{len(scenarios)} scenarios, {len(wrong)} wrong ones")
print("\n".join(findings))
sys.exit(1 if findings else 0)
