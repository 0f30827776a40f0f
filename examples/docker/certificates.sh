#!/usr/bin/env bash
# Makes an authority each for the servers, the issuer and the gateway, and their certificates; and one for roles, whose
# key the gateway gets: it signs the client certificates itself. A second run keeps what is there.
set -euo pipefail
umask 077
folder=${1:-/certificates}
server_user=${SERVER_USER:-postgres}
gateway_user=${GATEWAY_USER:-10001}
issuer_user=${ISSUER_USER:-1000}
days=30

if [ -e "$folder/complete" ]; then
    echo "certificates: there already"
    exit 0
fi
authorities=$(mktemp -d)
trap 'rm -rf "$authorities"' EXIT

authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -subj "/CN=$2" \
        -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
        -keyout "$authorities/$1.key" -out "$folder/$1.crt" 2>/dev/null
    chmod 644 "$folder/$1.crt"
}

# authority, folder, name in the certificate, further names, owner of the key
certificate() {
    mkdir -p "$folder/$2"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" \
        -keyout "$folder/$2/server.key" -out "$authorities/request.csr" 2>/dev/null
    openssl x509 -req -in "$authorities/request.csr" -CA "$folder/$1.crt" -CAkey "$authorities/$1.key" \
        -CAcreateserial -CAserial "$authorities/serial" -days "$days" -out "$folder/$2/server.crt" -extfile <(
            echo "subjectAltName=DNS:$3$4"
            echo 'basicConstraints=critical,CA:FALSE'
            echo 'keyUsage=critical,digitalSignature'
            echo 'extendedKeyUsage=serverAuth'
        ) 2>/dev/null
    chmod 755 "$folder/$2"
    chmod 644 "$folder/$2/server.crt"
    chown "$5" "$folder/$2/server.key"
}

authority upstream-ca 'Example: servers'
authority issuer-ca 'Example: issuer'
authority gateway-ca 'Example: gateway'
for server in orders-eu-a orders-eu-b orders-us-a; do
    certificate upstream-ca "$server" "$server" '' "$server_user"
done
certificate issuer-ca issuer issuer ',DNS:localhost' "$issuer_user"
certificate gateway-ca gateway localhost ',DNS:gateway,IP:127.0.0.1,IP:::1' "$gateway_user"
authority role-ca 'Example: roles'
install -m 600 -o "$gateway_user" "$authorities/role-ca.key" "$folder/gateway/role-ca.key"
chmod 755 "$folder"
touch "$folder/complete"
echo "certificates: made"
