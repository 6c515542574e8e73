#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests check_layout.sh: a good tree passes, and each broken rule is found at its line.
set -euo pipefail
check=$(cd "$(dirname "$0")" && pwd)/check_layout.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
spdx='// SPDX-License-Identifier: Apache-2.0'
failures=0

good_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{base,model,hardware,sim,report}
  local folder
  for folder in base model hardware sim report; do
    echo "mfusim_library($folder SOURCES x.cpp HEADERS x.hpp)" >"$tree/$folder/CMakeLists.txt"
    printf '%s\n#pragma once\n' "$spdx" >"$tree/$folder/x.hpp"
    printf '%s\n#include "%s/x.hpp"\n\n#include <vector>\n' "$spdx" "$folder" >"$tree/$folder/x.cpp"
  done
}

expect() {  # EXPECTED-LINE: what the check prints about the tree ('' for nothing)
  local output code=0
  output=$("$check" "$tree" 2>&1) || code=$?
  if [[ $output != "$1" ]] || { [[ -z $1 ]] && ((code != 0)); } || { [[ -n $1 ]] && ((code != 1)); }; then
    printf 'expected: %s\ngot:      %s (exit %s)\n' "$1" "$output" "$code"
    failures=$((failures + 1))
  fi
}

with_line() {  # FILE LINE: a good tree in which FILE ends with LINE
  good_tree
  printf '%s\n' "$2" >>"$tree/$1"
}

good_tree
expect ''
with_line model/x.hpp '#include "hardware/x.hpp"'
expect 'model/x.hpp:3: model must not include hardware ("hardware/x.hpp")'
with_line hardware/x.hpp '#include "model/x.hpp"'
expect 'hardware/x.hpp:3: hardware must not include model ("model/x.hpp")'
with_line base/x.cpp '#include "sim/x.hpp"'
expect 'base/x.cpp:5: base must not include sim ("sim/x.hpp")'
with_line sim/x.cpp '#  include "report/x.hpp"'
expect 'sim/x.cpp:5: sim must not include report ("report/x.hpp")'
with_line report/x.cpp '#include "sim/engine.hpp"'
expect 'report/x.cpp:5: report sees results, not engines ("sim/engine.hpp")'
with_line sim/x.cpp '#include "x.hpp"'
expect 'sim/x.cpp:5: include by path from the root, got "x.hpp"'
with_line sim/x.cpp '#include "base/../sim/x.hpp"'
expect 'sim/x.cpp:5: include by path from the root, got "base/../sim/x.hpp"'
with_line sim/x.cpp '#include <yaml-cpp/yaml.h>'
expect 'sim/x.cpp:5: <yaml-cpp/yaml.h> is only for: base'
with_line model/x.cpp '#include <boost/graph/adjacency_list.hpp>'
expect 'model/x.cpp:5: <boost/graph/adjacency_list.hpp> is only for: sim tests'
with_line sim/x.cpp '#include <ginac/ginac.h>'
expect 'sim/x.cpp:5: <ginac/ginac.h> is only for: model tests'
with_line sim/x.cpp '#include <unknown/thing.hpp>'
expect 'sim/x.cpp:5: a third party that no rule places: <unknown/thing.hpp>'
with_line sim/x.hpp 'using namespace std;'
expect 'sim/x.hpp:3: using namespace in a header'

good_tree
sed -i 1d "$tree/sim/x.cpp"
expect 'sim/x.cpp:1: the first line is not the SPDX licence line'
good_tree
sed -i 's/pragma once/define X/' "$tree/sim/x.hpp"
expect 'sim/x.hpp:2: a header starts with #pragma once'
good_tree
printf '\n%.0s' {1..398} >>"$tree/sim/x.hpp"
expect ''
echo >>"$tree/sim/x.hpp"
expect 'sim/x.hpp:401: longer than 400 lines'
good_tree
cp "$tree/sim/x.cpp" "$tree/sim/y.cpp"
expect 'sim/y.cpp:1: not listed in sim/CMakeLists.txt'
good_tree
printf 'see /%s/somebody/notes\n' home >"$tree/README.md"
expect "README.md:1:see /home""/somebody/notes"

if ((failures)); then
  echo "$failures failed"
  exit 1
fi
