#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The one script a person needs: installs what is missing, builds, and runs. `./go help` lists the commands.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
default_scenario=scenarios/clip-l14-336-a100x8.yaml
code_folders=(base model hardware sim study report app tests bench)

say() { printf 'go: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

usage() {
  cat <<'TEXT'
usage: ./go COMMAND [arguments]

  run [SCENARIO] [options]  one training step: time, MFU, where the time goes (without a scenario: CLIP ViT-L/14 on 8 A100)
  flops | sweep | diff | plan | import | split | ablate | explain | validate | calibrate |
  models | hardware | schema [arguments]
                            the other questions; `./go sweep --help` explains one
  --version                 of the program
  test [ctest options]      build and run the tests
  check                     all that a change must pass: format, layout, tests, sanitizers, lint, scenarios, installation
  bench [options]           timing programs
  build [PRESET]            build everything (release, dev, asan; default release)
  format                    rewrite the sources in the project's format
  update-golden             rewrite the expected reports in tests/golden; review the difference
  help                      this text

Programs and libraries that are missing are installed with apt; when nothing is missing nothing is touched.
TEXT
}

# ---- installing ----------------------------------------------------------------------------------------------------

# A tool counts as installed where its command is found, whoever installed it; a library where dpkg knows it.
build_tools=(g++:g++ cmake:cmake ninja:ninja-build pkg-config:pkg-config)
build_libraries=(libfmt-dev libyaml-cpp-dev nlohmann-json3-dev libboost-graph-dev libcli11-dev libginac-dev libmuparser-dev
                 libsqlite3-dev libmimalloc-dev libjs-chart.js catch2)
# Other versions of these format and lint differently; this one is in Debian 12, Ubuntu 22.04 and 24.04.
format_tools=(clang-format-14:clang-format-14)
lint_tools=(clang-tidy-14:clang-tidy-14)
# Reports are tried in a real browser by `check`; `test` does so where there is one already.
browser_tools=(chromium:chromium)

missing_packages() {  # entries `command:package` or `package`
  local entry libraries=()
  for entry in "$@"; do
    if [[ $entry != *:* ]]; then
      libraries+=("$entry")
    elif ! command -v "${entry%%:*}" >/dev/null; then
      echo "${entry#*:}"
    fi
  done
  ((${#libraries[@]})) || return 0
  command -v dpkg-query >/dev/null || return 0  # no Debian: CMake names what it does not find
  local installed
  installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "${libraries[@]}" 2>/dev/null || true)"
  for entry in "${libraries[@]}"; do
    [[ $installed == *" $entry=installed "* ]] || echo "$entry"
  done
}

apt() {
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || die "not root and no sudo; run as root: apt-get install $packages"
    as_root=(sudo)
  fi
  local log
  log=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" 2>&1) || { printf '%s\n' "$log" >&2; return 1; }
}

need() {
  local packages
  packages=$(missing_packages "$@" | tr '\n' ' ')
  [[ -n $packages ]] || return 0
  command -v apt-get >/dev/null || die "missing and no apt-get here: $packages"
  say "installing with apt: $packages"
  # A fresh machine has no package lists, and old lists name versions that are gone: only then they are fetched.
  if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then apt update; fi
  # shellcheck disable=SC2086  # one word a package
  apt install --no-install-recommends -y $packages || { apt update && apt install --no-install-recommends -y $packages; } ||
    die "apt could not install: $packages"
}

# ---- building ------------------------------------------------------------------------------------------------------

progress() {  # on a terminal one line that changes, elsewhere one line a build
  local line said= columns=80
  if [[ -t 2 ]]; then columns=$(tput cols 2>/dev/null || echo 80); fi
  while IFS= read -r line; do
    [[ $line == \[*/*\]* ]] || continue
    if [[ -t 2 ]]; then
      printf '\r\033[K%s' "${line:0:columns-1}" >&2
    elif [[ -z $said ]]; then
      say "building $1"
    fi
    said=yes
  done
  if [[ -t 2 && -n $said ]]; then printf '\r\033[K' >&2; fi
}

configure() {  # PRESET [cmake options]: where it was not yet, or the presets changed since; ninja sees all other changes
  local preset=$1 folder=$root/build/$1
  shift
  local stamp=$folder/.configured wanted="$root $*"
  if [[ -f $stamp && $stamp -nt $root/CMakePresets.json ]] && { [[ $(<"$stamp") == "$wanted" ]] || (($# == 0)) && [[ $(<"$stamp") == "$root "* ]]; }; then
    return
  fi
  # a build folder that was made elsewhere (the project was moved or copied) cannot be used again
  if [[ -f $stamp && $(<"$stamp") != "$root "* ]]; then rm -rf "$folder"; fi
  mkdir -p "$folder"
  if ! (cd "$root" && cmake --preset "$preset" "$@") >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    die "configuring $preset failed"
  fi
  echo "$wanted" >"$stamp"
}

use_ccache() {
  command -v ccache >/dev/null || return 0
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS-pch_defines,time_macros}
}

build() {  # PRESET [TARGET...]
  local preset=$1 folder=$root/build/$1
  shift
  mkdir -p "$folder"
  exec 9>"$root/build/$preset.lock"
  flock 9  # two calls at once build one after the other
  use_ccache
  configure "$preset"
  if ! ninja -C "$folder" "$@" 9>&- | tee "$folder/build.log" | progress "$preset"; then
    grep -v '^\[' "$folder/build.log" >&2 || true
    die "building $preset failed"
  fi
  exec 9>&-
}

build_program() {
  need "${build_tools[@]}" "${build_libraries[@]}"
  build release mfusim
}

# ---- commands ------------------------------------------------------------------------------------------------------

names_scenario() {  # do the arguments of `run` name one?
  [[ ${1-} == [^-]* ]] && return 0
  local argument previous=
  for argument in "$@"; do
    if [[ $argument == [^-]*.y?(a)ml && $argument != *=* && $previous != --output && $previous != --trace && $previous != --report ]]; then return 0; fi
    previous=$argument
  done
  return 1
}

run_program() {
  build_program
  exec "$root/build/release/bin/mfusim" "$@"
}

command_run() {
  local scenario=()
  if ! names_scenario "$@"; then
    scenario=("$root/$default_scenario")
    if [[ $PWD == "$root" ]]; then scenario=("$default_scenario"); fi
  fi
  run_program run "${scenario[@]}" "$@"
}

run_tests() {  # PRESET [ctest options]
  local preset=$1
  shift
  need "${build_tools[@]}" "${build_libraries[@]}"
  build "$preset"
  ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@"
}

command_test() { run_tests dev "$@"; }

command_build() {
  need "${build_tools[@]}" "${build_libraries[@]}"
  build "${1-release}"
}

command_bench() {
  need "${build_tools[@]}" "${build_libraries[@]}" libbenchmark-dev
  use_ccache
  configure release -DMFUSIM_BENCH=ON
  build release
  local program
  for program in "$root"/build/release/bin/bench_*; do
    [[ -x $program ]] || die "no timing programs were built"
    (cd "$root" && "$program" "$@")  # scenarios are named from the root
  done
}

command_update_golden() {
  MFUSIM_UPDATE_GOLDEN=1 run_tests dev -R '^app$' "$@"
  say "review the difference in tests/golden"
}

sources() {  # [suffix pattern]: NUL between names, relative to the root
  local folder existing=()
  for folder in "${code_folders[@]}"; do
    if [[ -d $root/$folder ]]; then existing+=("$folder"); fi
  done
  (cd "$root" && find "${existing[@]}" -name "${1-*.[ch]pp}" -print0 | sort -z)
}

command_format() {
  need "${format_tools[@]}"
  (cd "$root" && sources | xargs -0 clang-format-14 -i)
}

check_format() {
  need "${format_tools[@]}"
  (cd "$root" && sources | xargs -0 clang-format-14 --dry-run --Werror)
}

check_layout() { "$root/tests/layout/check_layout.sh" "$root"; }

check_lint() {
  need "${build_tools[@]}" "${build_libraries[@]}" "${lint_tools[@]}"
  configure tidy
  (cd "$root" && sources '*.cpp' | grep -zvE '^(tests|bench)/' |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 -p build/tidy --quiet --warnings-as-errors='*' 2>/dev/null)
}

check_scenarios() {
  build_program
  local scenario
  for scenario in "$root"/scenarios/*.yaml; do
    (cd "$root" && build/release/bin/mfusim run "scenarios/$(basename "$scenario")" --format json >/dev/null) || die "failed: $scenario"
  done
}

check_installation() {
  build release
  local prefix=$root/build/prefix consumer=$root/build/consumer
  rm -rf "$prefix" "$consumer"
  {
    cmake --install "$root/build/release" --prefix "$prefix" &&
      cmake -S "$root/tests/consumer" -B "$consumer" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$consumer"
  } >"$root/build/consumer.log" 2>&1 || { cat "$root/build/consumer.log" >&2; die "a project that uses the installed package does not build"; }
  "$consumer/consumer" >/dev/null
  "$prefix/bin/mfusim" --version >/dev/null
}

stage() {  # NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  say "check: $name"
  "$@" || die "check failed: $name"
  say "check: $name: passed ($((SECONDS - start)) s)"
}

command_check() {
  if apt-cache show chromium >/dev/null 2>&1; then need "${browser_tools[@]}"; fi  # Ubuntu has it as a snap only
  stage format check_format
  stage layout check_layout
  stage tests run_tests dev
  stage "tests with sanitizers" run_tests asan
  stage lint check_lint
  stage scenarios check_scenarios
  stage installation check_installation
}

main() {
  shopt -s extglob
  local command=${1-help}
  shift || true
  case $command in
    run) command_run "$@" ;;
    flops | sweep | diff | plan | import | split | ablate | explain | validate | calibrate | models | hardware | schema | --version) run_program "$command" "$@" ;;
    test) command_test "$@" ;;
    build) command_build "$@" ;;
    check) command_check ;;
    check-format) check_format ;;
    check-layout) check_layout ;;
    bench) command_bench "$@" ;;
    format) command_format ;;
    update-golden) command_update_golden "$@" ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      say "unknown command '$command'"
      exit 2
      ;;
  esac
}

main "$@"
