# Mutual TLS with what the certs service delivers, before and after revocation, with checking by CRL, by a
# stapled OCSP answer, and by asking OCSP. Part of tests/interop.
tls_server= tls_client=
tls_server=$(issue tls-server '{"ip_addresses":["127.0.0.1"],"ca":"issuing"}') && download "$tls_server" "$work/server"
tls_client=$(issue tls-client '{"ip_addresses":[],"ca":"issuing"}') && download "$tls_client" "$work/client"
tls_port=$(free_port)
tls_pid=

stop_tls() { [ -z "$tls_pid" ] || { kill "$tls_pid"; wait "$tls_pid"; } 2>/dev/null; tls_pid=; }
# OPTIONS...: an OpenSSL server with the delivered zip, that wants a client certificate.
serve_tls() {
  stop_tls
  timeout 300 openssl s_server -accept "127.0.0.1:$tls_port" -cert "$work/server/cert.pem" -cert_chain "$work/server/ca.pem" \
    -key "$work/server/key.pem" -Verify 3 -verify_return_error -www "$@" >/dev/null 2>&1 &
  tls_pid=$!
  eventually listens "$tls_port"
}
connect() {  # OPTIONS...: an OpenSSL client with the delivered zip; succeeds if the page came
  says "HTTP/1.0 200 ok" client_says "$@"
}
client_says() {
  printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect "127.0.0.1:$tls_port" -verify_ip 127.0.0.1 -verify_return_error \
    -cert "$work/client/cert.pem" -cert_chain "$work/client/ca.pem" -key "$work/client/key.pem" -quiet -ign_eof "$@"
}
curl_stapled() { curl -sS -o /dev/null --cert-status --cacert "$work/server/ca.pem" --cert "$work/client/cert.pem" --key "$work/client/key.pem" "https://127.0.0.1:$tls_port/"; }
gnutls_asks() {  # gnutls-cli asks OCSP itself, where the certificate says
  timeout 60 gnutls-cli --ocsp --x509cafile "$work/server/ca.pem" --x509certfile "$work/client/cert.pem" --x509keyfile "$work/client/key.pem" \
    -p "$tls_port" 127.0.0.1 </dev/null
}
gate() {  # SERIAL: openssl ocsp before anything is sent
  says "$1: good" openssl ocsp -issuer "$chain" -serial "$1" -url "$http/ocsp" -CAfile "$root"
}
trust() {  # anew: with the CRLs of now, in $work/trust.pem
  new_crl issuing
  { cat "$work/server/ca.pem"; for name in issuing root; do curl -sS "$http/crl/$name.crl" | openssl crl -inform DER; done; } >"$work/trust.pem"
}
staple() {
  openssl x509 -in "$work/server/cert.pem" -out "$work/server/leaf.pem"
  openssl ocsp -issuer "$chain" -cert "$work/server/leaf.pem" -no_nonce -url "$http/ocsp" -CAfile "$root" -respout "$work/staple" >/dev/null 2>&1
}
with_crls=(-CAfile "$work/trust.pem" -crl_check_all)
without=(-CAfile "$work/server/ca.pem")

trust; staple
serve_tls "${with_crls[@]}" -status_file "$work/staple"
check "TLS: curl wants a stapled answer" curl_stapled
serve_tls "${with_crls[@]}"
check "TLS: both sides check CRLs" connect "${with_crls[@]}"
check "TLS: gnutls-cli asks OCSP" gnutls_asks
check "TLS: openssl ocsp lets both in" eval 'gate "$tls_server" && gate "$tls_client"'

check "TLS: the client is revoked" "$bin" cert revoke "$tls_client" --reason keyCompromise
trust
serve_tls "${without[@]}"
check "TLS: a server that does not check knows nothing of it" connect "${without[@]}"
serve_tls "${with_crls[@]}"
check "TLS: one that checks CRLs refuses the client" says "revoked" client_says "${without[@]}"
check "TLS: and gives nothing away" refused connect "${without[@]}"
check "TLS: openssl ocsp refuses it" refused gate "$tls_client"

tls_client=$(issue tls-client-2 '{"ca":"issuing"}') && rm -r "$work/client" && download "$tls_client" "$work/client"
serve_tls "${with_crls[@]}"
check "TLS: another client is welcome" connect "${with_crls[@]}"
check "TLS: the server is revoked" "$bin" cert revoke "$tls_server" --reason keyCompromise
trust
serve_tls "${without[@]}" -status_file "$work/staple"
check "TLS: a client that does not check knows nothing of it" connect "${without[@]}"
check "TLS: one that checks CRLs refuses the server" says "certificate revoked" client_says "${with_crls[@]}"
staple
serve_tls "${without[@]}" -status_file "$work/staple"
check "TLS: curl refuses what the new stapled answer says" says "revocation reason: keyCompromise" curl_stapled
check "TLS: and fails" refused curl_stapled
serve_tls "${without[@]}"
check "TLS: and a server without one" refused curl_stapled
check "TLS: gnutls-cli asks OCSP and refuses it" says "revoked" gnutls_asks
check "TLS: and fails" refused gnutls_asks
check "TLS: openssl ocsp refuses it" refused gate "$tls_server"
stop_tls
