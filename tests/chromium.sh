# What the browser tests share, after harness.sh. Python's part, run with what it says in $work/said: chromium.py
has_chromium() {  # or says that there is none
  python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import chromium; sys.exit(not chromium.BINARY)' "$(dirname "$0")" ||
    { skip "pages in Chromium" "there is none (Debian: chromium-headless-shell)"; return 1; }
}
spki_of() { openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER 2>/dev/null | openssl dgst -sha256 -binary | base64; }
server_spki() { openssl s_client -connect "${https#https://}" </dev/null 2>/dev/null | spki_of; }
count_said() {  # EXIT-CODE of the browser's part
  local line
  while IFS= read -r line; do
    case $line in
      "ok   "*) passed=$((passed + 1)); echo "$line" ;;
      *) failed=$((failed + 1)); echo "$line" ;;
    esac
  done <"$work/said"
  check "the browser's part ran to its end" equals "$1" 0
}
