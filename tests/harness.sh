# What the tests that start the real binary share; to be sourced: . tests/harness.sh BINARY
# Gives: $bin, $work (a directory that goes away), check, skip, finish, start_server and the words below.
set -uo pipefail
bin=$(realpath "$1")
work=$(mktemp -d)
passed=0 failed=0 skipped=0
pid=
children=()  # processes of the test's own, besides the server
cleanup() {
  local p
  for p in ${pid:+"$pid"} ${children[@]+"${children[@]}"}; do kill "$p" && wait "$p"; done 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

check() {  # NAME COMMAND...: QUIET=1 shows only what fails
  local name=$1; shift
  if "$@" >"$work/out" 2>&1; then
    passed=$((passed + 1)); [ -n "${QUIET:-}" ] || echo "ok    $name"
  else
    failed=$((failed + 1)); echo "FAIL  $name"; sed 's/^/        /' "$work/out" | head -20
  fi
}
skip() {  # NAME REASON: what cannot be judged here, and who says so
  skipped=$((skipped + 1)); echo "skip  $1: $2"
}
refused() { ! "$@"; }
eventually() {  # COMMAND...: within 20 s
  local i
  for i in $(seq 80); do "$@" >/dev/null 2>&1 && return; sleep 0.25; done
  "$@"
}
equals() { [ "$1" = "$2" ] || { echo "got:      $1"; echo "expected: $2"; return 1; }; }
matches() {  # TEXT EXTENDED-REGULAR-EXPRESSION, which must match all of it
  [[ $1 =~ ^($2)$ ]] || { echo "got:      $1"; echo "expected: $2"; return 1; }
}
says() {  # TEXT COMMAND...: succeeds if the command's output has the text, whatever its exit code
  local text=$1 out; shift
  out=$("$@" 2>&1)
  [[ $out == *"$text"* ]] || { printf '%s\n' "$out"; echo "expected: $text"; return 1; }
}
finish() {
  echo
  [ "$skipped" = 0 ] || echo "$skipped skipped"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }  # PORT

# The plain HTTP port is in the certificates' URLs, so it is chosen before `init`.
init_server() {
  port=$(free_port)
  http=http://127.0.0.1:$port
  state=$work/s
  "$bin" init --state "$state" --admin-token-file "$work/token" --public-url "$http" "$@"
}
serve() {
  "$bin" serve --state "$state" --https 127.0.0.1:0 --http "127.0.0.1:$port" 2>"$work/log" &
  pid=$!
  local i
  for i in $(seq 300); do
    [ ! -e "$state/run/endpoints.json" ] || break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  https=https://$(sed -n 's/.*"https":"\([^"]*\)".*/\1/p' "$state/run/endpoints.json") ||
    { cat "$work/log"; echo "0 passed, 1 failed (the server does not start)"; exit 1; }
  root=$state/ca/root.pem chain=$state/ca/chain.pem
  export CERTWRIGHT_STATE=$state CERTWRIGHT_TOKEN_FILE=$work/token
}
start_server() { init_server >"$work/out" 2>&1 || cat "$work/out"; serve; }

anybody() { curl -sS --cacert "$root" "$@"; }
api() { anybody -H "Authorization: Bearer $(cat "$work/token")" "$@"; }
status() { api -o "$work/body" -w '%{http_code}' "$@"; }  # the body is in $work/body
# Issues by the certs service; the serial, or nothing. ENTITY [BODY]
issue() { api -X POST "$https/certs/issue/backend/$1" -d "${2:-"{}"}" | sed -n 's/^{"serial_number":"\([0-9]*\)"}$/\1/p'; }
# Fetches and unpacks ca.pem, cert.pem, key.pem. SERIAL DIRECTORY
download() {
  local token
  token=$(api "$https/certs/$1/download/token" | sed -n 's/^{"token":"\([^"]*\)"}$/\1/p')
  anybody -G "$https/certs/$1/download" -d "token=$token" -o "$work/download.zip" && unzip -qo "$work/download.zip" -d "$2"
}
member() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }  # FILE NAME
