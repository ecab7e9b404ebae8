#!/bin/sh
# Gets a fresh Debian, Ubuntu or Raspberry Pi OS ready. Asks nothing; says what it could not do and how to do it.
#
#   deploy/setup.sh ready        make .venv if it is missing or older than its pins; free the second time
#   deploy/setup.sh force        the same, even if it looks current
#   deploy/setup.sh screen       stop, with the line to run, if a library that draws or scans is missing
#   deploy/setup.sh oracle       packages of the tests that must stay out of .venv, in .cache/oracle; free the second time
#   deploy/setup.sh conformance  likewise for tests/conformance
#   deploy/setup.sh anyday       likewise for `make anyday`
#   deploy/setup.sh fuzz         likewise for `make fuzz`
#   deploy/setup.sh mutants      likewise for `make mutants`
#   deploy/setup.sh fonts        likewise for `make fonts`
#   deploy/setup.sh lock         write requirements.lock anew: constraints.txt with the digest of every file
#   deploy/setup.sh newest       run the tests on the newest version of everything, in an environment of its own
#   deploy/setup.sh exists PATH  stop if PATH is not there
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
venv=.venv
stamp=$venv/.tillcode-stamp
log=.cache/apt.log
mkdir -p .cache/kivy

# A pip cache needs a home that can be written; without one it lives in the tree.
if [ ! -d "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
    export HOME="$root/.cache/home"
    mkdir -p "$HOME"
fi

say() { printf 'setup: %s\n' "$*" >&2; }

stop() {
    say "$@"
    exit 1
}

# --- apt -------------------------------------------------------------------------------------------------------------

# root_word: prints the word that makes a command root's (empty if we are root already), or fails.
root_word() {
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" -eq 0 ]; then
        return 0
    fi
    sudo -n true >/dev/null 2>&1 || return 1
    echo "sudo -n"
}

# apt_install PACKAGE...: installs quietly if we may; otherwise fails and changes nothing.
apt_install() {
    as_root=$(root_word) || return 1
    say "installing $* (apt)"
    # shellcheck disable=SC2086  # empty or two words, on purpose
    {
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
            { $as_root apt-get update &&
                $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }
    } </dev/null >"$log" 2>&1 || {
        say "apt could not install $*; the reason is in $log"
        return 1
    }
}

# --- Python ----------------------------------------------------------------------------------------------------------

# 3.11 is what the code is written for; past 3.13 the pinned Kivy has no wheel.
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }

# find_python: prints the name of a Python that fits, the system's own first.
find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if fits "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    # uv keeps its Pythons where no PATH looks.
    if command -v uv >/dev/null 2>&1; then
        for version in 3.13 3.12 3.11; do
            candidate=$(uv python find --system --no-python-downloads "$version" 2>/dev/null) || continue
            if fits "$candidate"; then
                echo "$candidate"
                return 0
            fi
        done
    fi
    return 1
}

# newer_python: prints the version of this machine's Python if it is newer than what the till's Kivy has a wheel for.
newer_python() {
    python3 -c 'import sys; sys.exit(sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 || return 1
    python3 -c 'import sys; print("{}.{}".format(*sys.version_info))'
}

need_python() {
    python=$(find_python) || {
        apt_install python3 python3-venv || true
        if newer=$(newer_python) && ! find_python >/dev/null; then
            stop "this machine's Python is $newer, and the till's Kivy has wheels up to 3.13 only. Get one beside it and run the" \
                "same again, it is found by itself: 'uv python install 3.13' (uv comes with 'pip install uv'), or Fedora:" \
                "sudo dnf install python3.13; the server and the SDK run on $newer: pip install '.[server]'"
        fi
        python=$(find_python) || stop "Python 3.11, 3.12 or 3.13 is needed and was not found." \
            "Debian 12+, Ubuntu 24.04+, Raspberry Pi OS: sudo apt-get install python3 python3-venv;" \
            "Ubuntu 22.04: sudo apt-get install python3.11 python3.11-venv;" \
            "elsewhere: make PYTHON=/path/to/python3.11 setup"
    }
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && return 0
    package=$("$python" -c 'import sys; print("python{}.{}-venv".format(*sys.version_info))')
    apt_install "$package" || stop "$python cannot make environments. Run: sudo apt-get install $package"
}

# --- system libraries ------------------------------------------------------------------------------------------------

has_library() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q "$1"; }

has_software_renderer() {
    for driver in /usr/lib/*/dri/*_dri.so /usr/lib/dri/*_dri.so /usr/lib/*/libgallium*.so; do
        if [ -e "$driver" ]; then return 0; fi
    done
    return 1
}

# missing_libraries: prints the packages of the libraries that are not there.
missing_libraries() {
    has_library 'libGL\.so\.1 ' || echo libgl1
    has_library 'libEGL\.so\.1 ' || echo libegl1
    has_software_renderer || echo libgl1-mesa-dri
    has_library 'libzbar\.so\.0 ' || echo libzbar0
}

install_libraries() {
    # Without libmtdev Kivy still runs, but logs an error at each start: wished for, never insisted on.
    missing=$(missing_libraries | tr '\n' ' ')
    # shellcheck disable=SC2046,SC2086  # a list of words, on purpose
    set -- $missing $(has_library 'libmtdev\.so\.1 ' || echo libmtdev1)
    [ "$#" -gt 0 ] || return 0
    apt_install "$@" && return 0
    [ -n "$missing" ] || return 0
    say "screens and scanning need: $missing"
    say "run: sudo apt-get install -y --no-install-recommends $missing"
}

need_screen() {
    missing=$(missing_libraries | tr '\n' ' ')
    [ -z "$missing" ] || stop "these libraries are missing. Run: sudo apt-get install -y --no-install-recommends $missing"
}

# --- the environment -------------------------------------------------------------------------------------------------

# what_is_wanted: changes whenever the environment must be made again.
what_is_wanted() {
    echo "$root"
    cksum pyproject.toml requirements.lock deploy/setup.sh
}

is_current() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(what_is_wanted)" ] && [ -x "$venv/bin/python" ]; }

# works FOLDER: the environment there runs, is recent enough, and was made here and not copied from elsewhere.
works() {
    fits "$1/bin/python" && [ -x "$1/bin/pip" ] &&
        [ "$("$1/bin/python" -c 'import sys; print(sys.prefix)')" = "$root/$1" ] &&
        head -n 1 "$1/bin/pip" | grep -q -F "$root/$1/"
}

pip_in() {
    folder=$1
    shift
    "$folder/bin/python" -m pip --disable-pip-version-check --no-input "$@" </dev/null
}

make_venv() {
    works "$1" && return 0
    need_python
    say "making $1 with $("$python" --version)"
    rm -rf "$1"
    "$python" -m venv "$1"
}

ready() {
    make_venv "$venv"
    rm -f "$stamp"
    install_libraries
    say "installing the pinned packages (about a minute the first time)"
    # Every file is the one whose digest was written down. The build then uses the pinned hatchling and fetches nothing.
    pip_in "$venv" install --quiet --require-hashes --no-deps --requirement requirements.lock
    pip_in "$venv" install --quiet --no-deps --no-build-isolation --editable '.[demo,dev]'
    pip_in "$venv" check >/dev/null
    what_is_wanted >"$stamp"
    say "ready"
}

# beside NAME: what tests/NAME/constraints.txt pins, and nothing else, in .cache/NAME; whoever wants it names that folder.
beside() {
    pins=tests/$1/constraints.txt
    packages=.cache/$1
    wanted=$(cksum "$pins" && "$venv/bin/python" --version)
    [ "$(cat "$packages/.tillcode-stamp" 2>/dev/null)" != "$wanted" ] || return 0
    say "installing the packages of $pins in $packages"
    rm -rf "$packages"
    pip_in "$venv" install --quiet --no-deps --target "$packages" --requirement "$pins" ||
        stop "$pins could not be installed; without the network, or on this machine, make $1 cannot run"
    echo "$wanted" >"$packages/.tillcode-stamp"
}

lock() {
    make_venv .cache/lock
    pip_in .cache/lock install --quiet 'uv==0.13.9'
    { echo pip && echo setuptools; } >.cache/lock/extra.in
    .cache/lock/bin/uv pip compile pyproject.toml .cache/lock/extra.in --extra demo --extra dev --constraint constraints.txt \
        --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet --output-file requirements.lock
}

newest() {
    beside oracle
    beside conformance
    make_venv .cache/newest
    pip_in .cache/newest install --quiet --upgrade --upgrade-strategy eager --editable '.[demo,dev]'
    say "differences from constraints.txt:"
    pip_in .cache/newest freeze --exclude-editable | grep -v -x -F -f constraints.txt >&2 || say "none"
    .cache/newest/bin/python -m pytest "$@"
}

word=${1:-ready}
[ "$#" -eq 0 ] || shift
case $word in
ready) is_current || ready ;;
force) ready ;;
screen) need_screen ;;
lock) lock ;;
newest) newest "$@" ;;
anyday | fonts | oracle | fuzz | mutants | conformance) beside "$word" ;;
exists) [ -e "$1" ] || stop "there is no $1 in this tree yet, so there is nothing to run" ;;
*) stop "unknown word: $word" ;;
esac
