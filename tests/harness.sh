# What the tests that start the real binary share; to be sourced: . tests/harness.sh BINARY
# Gives: $bin, $work (a directory that goes away), check, skip, finish, start_server and the words below.
set -uo pipefail
bin=$(realpath "$1")
[ -x "$bin" ] || { echo "$0: $1 is no program; script/build makes build/certwright" >&2; exit 2; }
work=$(mktemp -d)
passed=0 failed=0 skipped=0
pid=
# What the caller's shell is set up for is not what is tested: the README's own variables, a proxy, ~/.curlrc.
unset ${!CERTWRIGHT_@} VAR HTTP HTTPS PUBLIC_URL
export LC_ALL=C.UTF-8 CURL_HOME=$work no_proxy='*' NO_PROXY='*'
cleanup() {
  local p
  for p in $(jobs -pr); do kill "$p" && ends "$p"; done 2>/dev/null  # the server, and the test's own
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
refused() {  # COMMAND...: fails of its own accord; to crash, to take forever or not to be there is no refusal
  "$@"; local code=$?
  [ "$code" != 0 ] && [ "$code" -lt 124 ] || { echo "exit code $code"; return 1; }
}
refuses() {  # TEXT COMMAND...: refused, and the text says why
  local text=$1 out; shift
  out=$(refused "$@" 2>&1) && [[ $out == *"$text"* ]] || { printf '%s\n' "$out"; echo "expected: $text"; return 1; }
}
eventually() {  # COMMAND...: within 30 s
  local i
  for i in $(seq 120); do "$@" >/dev/null 2>&1 && return; sleep 0.25; done
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
has_no() {  # TEXT FILE...: files with something in them, and not with that
  local text=$1 file; shift
  for file; do [ -s "$file" ] || { echo "$file: empty, or not there"; return 1; }; done
  [ -n "$text" ] && ! grep -F -e "$text" "$@"
}
finish() {
  echo
  [ "$skipped" = 0 ] || echo "$skipped skipped"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# Below the ports that the kernel gives to whoever asks for any, so that nobody takes it until it is used.
free_port() {
  python3 -c '
import random, socket
above = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
while True:
    port = random.randrange(10000, max(above, 20000))
    try:
        with socket.socket() as s: s.bind(("127.0.0.1", port))
        break
    except OSError: pass
print(port)'
}
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }  # PORT
ends() {  # PID: its exit code; what does not end within a minute is killed
  local i
  for i in $(seq 600); do kill -0 "$1" || break; sleep 0.1; done
  kill -KILL "$1"
  wait "$1"
} 2>/dev/null

# The plain HTTP port is in the certificates' URLs, so it is chosen before `init`.
init_server() {  # OPTIONS of init
  port=$(free_port)
  http=http://127.0.0.1:$port
  state=$work/s
  "$bin" init --state "$state" --admin-token-file "$work/token" --public-url "$http" "$@"
}
serve() {  # [ADDRESS of plain HTTP]: until it is ready, or has given up
  rm -f "$state/run/endpoints.json"
  "$bin" serve --state "$state" --https 127.0.0.1:0 --http "${1:-127.0.0.1:$port}" 2>>"$work/log" &
  pid=$!
  local i
  for i in $(seq 600); do
    [ ! -e "$state/run/endpoints.json" ] || break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  https=https://$(endpoint https) || { cat "$work/log"; echo "0 passed, 1 failed (the server does not start)"; exit 1; }
  root=$state/ca/root.pem chain=$state/ca/chain.pem
  export CERTWRIGHT_STATE=$state CERTWRIGHT_TOKEN_FILE=$work/token
}
endpoint() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p' "$state/run/endpoints.json"; }  # https or http
start_server() { init_server "$@" >"$work/out" 2>&1 || cat "$work/out"; serve; }
stop_server() {  # [SIGNAL]: its exit code
  local p=$pid
  kill "-${1:-TERM}" "$p"; pid=
  ends "$p"
}

anybody() { curl -sS --cacert "$root" "$@"; }
api_as() { local token=$1; shift; anybody -H "Authorization: Bearer $(cat "$token")" "$@"; }  # TOKEN-FILE CURL-OPTIONS...
api() { api_as "$work/token" "$@"; }
status_as() { local token=$1; shift; api_as "$token" -o "$work/body" -w '%{http_code}' "$@"; }  # the body is in $work/body
status() { status_as "$work/token" "$@"; }
# Issues by the certs service; the serial, or nothing. ENTITY [BODY]
issue() { api -X POST "$https/certs/issue/backend/$1" -d "${2:-"{}"}" | sed -n 's/^{"serial_number":"\([0-9]*\)"}$/\1/p'; }
# Fetches and unpacks ca.pem, cert.pem, key.pem. SERIAL DIRECTORY
download() {
  local token
  token=$(api "$https/certs/$1/download/token" | sed -n 's/^{"token":"\([^"]*\)"}$/\1/p')
  anybody -G "$https/certs/$1/download" -d "token=$token" -o "$work/download.zip" && unzip -qo "$work/download.zip" -d "$2"
}
user() {  # NAME OPTIONS of user create: its token is in $work/NAME
  local id
  id=$("$bin" user create "$@" --json | member - id) && "$bin" token create "$id" --out "$work/$1" >/dev/null
}
approval_policy() {  # JSON of the rules: who must approve at the CA issuing; the status
  "$bin" ca show issuing --json | python3 -c '
import json, sys
policy = json.load(sys.stdin)["policy"]
policy["approval"] = json.loads(sys.argv[1])
print(json.dumps(policy))' "$1" >"$work/policy" && status -X PUT "$https/api/v1/cas/issuing/policy" -d @"$work/policy"
}
key_matches() {  # KEY CERTIFICATE
  local key
  key=$(openssl pkey -in "$1" -pubout) && equals "$(openssl x509 -in "$2" -noout -pubkey)" "$key"
}
p256=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
# Key and request: $work/k, $work/csr, and $work/json for the certs service. OPTIONS of openssl req
csr() { openssl req -new -nodes -keyout "$work/k" -out "$work/csr" "$@" 2>/dev/null && object csr "$work/csr" >"$work/json"; }
# {"NAME": the file's text, ...}: NAME FILE [NAME VALUE]...
object() {
  python3 -c 'import json,sys; a=sys.argv[1:]; print(json.dumps({a[0]: open(a[1]).read(), **dict(zip(a[2::2], a[3::2]))}))' "$@"
}
member() {  # FILE NAME[.NAME or NUMBER]...: - is standard input
  python3 -c '
import json, sys
value = json.load(sys.stdin if sys.argv[1] == "-" else open(sys.argv[1]))
for name in sys.argv[2].split("."): value = value[int(name)] if name.isdigit() else value[name]
print(value)' "$1" "$2"
}
# The whole log, exported: the checkpoints reach over all that there is by now. FILE
export_audit() {
  local size
  size=$("$bin" audit show --limit 1 --json | member - size) || return
  signed() { [ "$("$bin" audit checkpoint | sed -n 2p)" -ge "$size" ]; }
  eventually signed && "$bin" audit export --out "$1"
}
