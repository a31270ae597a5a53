# SPDX-License-Identifier: Apache-2.0
# Sourced by ./etalon and ./test: installs the Debian packages of tools/packages.txt that are missing,
# configures and builds. Says what it does on standard error; standard output stays the program's own.

etalon_say() { printf '%s\n' "$*" >&2; }

etalon_install_missing() {
  local missing=() package
  while read -r package; do
    case "$package" in ''|'#'*) continue ;; esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done < <(cat "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { etalon_say "etalon: not root and no sudo; as root, run: apt-get install ${missing[*]}"; return 2; }
    as_root=(sudo)
  fi
  etalon_say "etalon: installing missing Debian packages: ${missing[*]}"
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
  fi
}

# etalon_build PRESET [TARGET...]
etalon_build() {
  local preset=$1 dir log
  shift
  dir=build/$preset
  log=$dir/build.log
  mkdir -p "$dir"
  local launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  if [ ! -f "$dir/build.ninja" ] || [ CMakePresets.json -nt "$dir/build.ninja" ]; then
    etalon_say "etalon: configuring $dir"
    cmake --preset "$preset" "${launcher[@]}" >"$log" 2>&1 || { cat "$log" >&2; return 2; }
    etalon_say "etalon: building (a first build takes some minutes)"
  fi
  if [ -t 2 ]; then
    cmake --build "$dir" ${1:+--target "$@"} >&2
  else
    cmake --build "$dir" ${1:+--target "$@"} >"$log" 2>&1 || { tail -60 "$log" >&2; return 2; }
  fi
}
