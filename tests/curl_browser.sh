# What the tests share that use pages with curl, as a browser would; to be sourced after harness.sh.
# $origin is where the browser says that its forms come from. JAR is a file: one person's cookies.
form() {  # JAR PATH CURL-OPTIONS...: posts a form as our page would; the status. The answer is in $work/head, $work/body
  local jar=$1 path=$2; shift 2
  anybody -b "$jar" -c "$jar" -H "Origin: $origin" -D "$work/head" -o "$work/body" -w '%{http_code}' -X POST "$https$path" "$@"
}
page() {  # JAR PATH CURL-OPTIONS...: the status of a GET
  local jar=$1 path=$2; shift 2
  anybody -b "$jar" -c "$jar" -D "$work/head" -o "$work/body" -w '%{http_code}' "$https$path" "$@"
}
location() { sed -n 's/^[Ll]ocation: *\([^\r]*\)\r*$/\1/p' "$work/head"; }
header() { tr -d '\r' <"$work/head" | sed -n "s/^$1: *//Ip"; }
csrf() { sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' "$work/body" | head -1; }
cookie() { sed -n 's/.*__Host-certwright\t//p' "$1"; }  # JAR
sign_in() { form "$1" /sign-in --data-urlencode "name=$2" --data-urlencode "password=$3" "${@:4}"; }  # JAR NAME PASSWORD
token_of_page() { page "$1" /account/password >/dev/null; csrf; }  # JAR
send() {  # JAR PATH CURL-OPTIONS...: a form with the session's token
  local jar=$1 path=$2; shift 2
  form "$jar" "$path" --data-urlencode "csrf=$(token_of_page "$jar")" "$@"
}
send_files() {  # the same as multipart/form-data
  local jar=$1 path=$2; shift 2
  form "$jar" "$path" -F "csrf=$(token_of_page "$jar")" "$@"
}
person() {  # NAME PASSWORD OPTIONS of user create: signed in, in $work/jar-NAME
  local name=$1 password=$2 jar=$work/jar-$1; shift 2
  "$bin" user create "$name" --kind person "$@" --json | member - id >"$work/id-$name"
  "$bin" user reset-password "$(cat "$work/id-$name")" --out "$work/once-$name" >/dev/null
  sign_in "$jar" "$name" "$(cat "$work/once-$name")" >/dev/null
  send "$jar" /account/password -d "new_password=$password" -d "again=$password" >/dev/null
}
