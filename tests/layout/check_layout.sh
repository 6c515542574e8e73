#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the sources against the rules of the layout: who may include whom, where third parties are allowed, the licence
# line, file size, explicit file lists, no paths of one machine. Prints `file:line: finding`; exit 1 if there is any.
# usage: check_layout.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

folders=()
for folder in base model hardware sim study report app tests bench; do
  if [[ -d $folder ]]; then folders+=("$folder"); fi
done
mapfile -d '' -t sources < <(find "${folders[@]}" -name '*.[ch]pp' -print0 | sort -z)

check_sources() {
  awk '
    BEGIN {
      # folder -> what it may include, of ours and of third parties
      allowed["base"] = "base"
      allowed["model"] = "base model"
      allowed["hardware"] = "base hardware"
      allowed["sim"] = "base model hardware sim"
      allowed["study"] = "base model hardware sim study"
      allowed["report"] = "base model hardware sim study report"
      allowed["app"] = "base model hardware sim study report app"
      allowed["tests"] = allowed["app"] " tests"
      allowed["bench"] = allowed["app"] " bench"
      engine = "^sim/(engine|simulate|build_)"  # report sees results, not engines
      fence["yaml-cpp"] = "base"
      fence["nlohmann"] = "base report tests"
      fence["boost"] = "sim tests"
      fence["ginac"] = "model tests"
      fence["CLI"] = "app"
      fence["catch2"] = "tests"
      fence["benchmark"] = "bench"
      fence["sqlite3.h"] = "study"
      fence["mpi.h"] = "study"
      fence["muParser.h"] = "study"
      fence["simgrid"] = "tests"
      fence["fmt"] = "base model hardware sim study report app tests bench"
    }
    function finding(line, text) { printf "%s:%d: %s\n", FILENAME, line, text; found = 1 }
    function holds(list, word) { return index(" " list " ", " " word " ") > 0 }
    function check_size() { if (last > 400) { printf "%s:%d: longer than 400 lines\n", previous, last; found = 1 } }
    FNR == 1 {
      check_size()
      previous = FILENAME
      folder = FILENAME
      sub(/\/.*/, "", folder)
      header = FILENAME ~ /\.hpp$/
      guarded = 0
      if ($0 != "// SPDX-License-Identifier: Apache-2.0") finding(1, "the first line is not the SPDX licence line")
    }
    { last = FNR }
    header && FNR == 2 && $0 != "#pragma once" { finding(2, "a header starts with #pragma once") }
    header && /^[ \t]*using namespace/ { finding(FNR, "using namespace in a header") }
    match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) {
      split($0, parts, "\"")
      target = parts[2]
      from = target
      sub(/\/.*/, "", from)
      if (!(from in allowed) || target ~ /\.\.\//) finding(FNR, "include by path from the root, got \"" target "\"")
      else if (!holds(allowed[folder], from)) finding(FNR, folder " must not include " from " (\"" target "\")")
      else if (folder == "report" && target ~ engine) finding(FNR, "report sees results, not engines (\"" target "\")")
    }
    match($0, /^[ \t]*#[ \t]*include[ \t]*<[^>]*>/) {
      target = $0
      sub(/^[^<]*</, "", target)
      sub(/>.*/, "", target)
      if (target !~ /[\/.]/) next  # the standard library
      from = target
      sub(/[\/].*/, "", from)
      if (target ~ /^(sys|unistd|fcntl|signal|spawn)/) next  # POSIX
      if (!(from in fence)) finding(FNR, "a third party that no rule places: <" target ">")
      else if (!holds(fence[from], folder)) finding(FNR, "<" target "> is only for: " fence[from])
    }
    END { check_size(); exit found }
  ' "${sources[@]}"
}

# Each source stands in a file list: what is not listed is not compiled, nor installed. A folder inside a folder is listed by
# the nearest CMakeLists.txt above it, or a .cmake file beside that one. Headers of programs need no listing.
check_lists() {
  local status=0 source list
  for source in "${sources[@]}"; do
    case $source in
      tests/catch* | tests/consumer/* | tests/fuzz/* | bench/* | tests/*.hpp | app/*.hpp) continue ;;
    esac
    list=${source%/*}
    while [[ ! -f $list/CMakeLists.txt && $list == */* ]]; do list=${list%/*}; done
    if ! grep -qsE "(^|[[:space:](])${source#"$list"/}($|[[:space:])])" "$list/CMakeLists.txt" "$list"/*.cmake; then
      echo "$source:1: not listed in $list/CMakeLists.txt"
      status=1
    fi
  done
  return $status
}

project_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [[ $(git rev-parse --show-toplevel) == "$PWD" ]]; then
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
      if [[ -f $file ]]; then printf '%s\0' "$file"; fi
    done
  else
    find . -path ./build -prune -o -type f -printf '%P\0'
  fi
}

check_machine_paths() {
  ! project_files | xargs -0 grep -nIE '(^|[^A-Za-z0-9_.:/-])/(home|work|root|Users|scratch)/[A-Za-z0-9_]' -- /dev/null
}

status=0
check_sources || status=1
check_lists || status=1
check_machine_paths || status=1
exit $status
