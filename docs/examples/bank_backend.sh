#!/bin/sh
# A transfer, decided by warifu, with curl and jq.
#   WARIFU_URL=... WARIFU_KEY=... PHONE=command bank_backend.sh AMOUNT PAYEE
# PHONE stands for the way to the customer's phone: it is given the challenge (base64url) and
# prints the member `evidence`. Exit status: 0 transferred, 1 not, 2 nothing was decided.
set -eu
amount=$1 payee=$2
answer=$(mktemp) key_file=$(mktemp)
trap 'rm -f "$answer" "$key_file"' EXIT
printf 'header = "Authorization: Bearer %s"\n' "$WARIFU_KEY" > "$key_file" # not on a command line

# ask PATH BODY: up to four attempts under one idempotency key; the answer is in $answer.
ask() {
    status=$(curl --silent --show-error --config "$key_file" --max-time 10 \
        --retry 3 --retry-connrefused --retry-all-errors \
        --header 'Content-Type: application/json' \
        --header "Idempotency-Key: $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" \
        --data-binary "$2" --output "$answer" --write-out '%{http_code}' "$WARIFU_URL$1") || {
        echo 'しばらくしてから、もう一度お試しください。'
        exit 2
    }
    case $status in
    2*) ;;
    *)  # a problem (RFC 9457): ours to look at, and not the customer's fault
        jq -r '"\(.status) \(.code): \(.detail)"' "$answer" >&2
        echo '最初からもう一度お試しください。'
        exit 2 ;;
    esac
}

asked=$(jq -n --argjson amount "$amount" --arg payee "$payee" '{
    app: "wallet", user: "hanako", device: "hanako-android",
    operation: {kind: "transfer", $amount, currency: "JPY",
                payee_known: ($payee == "0009-123-7654321")},
    context: {$payee}}')
ask /v1/challenges "$asked"
challenge=$(jq -r .challenge "$answer") id=$(jq -r .id "$answer")

evidence=$($PHONE "$challenge")

bank='{"user": {"verified": true, "verified_seconds": 30, "methods": ["passkey"],
                "confirmed": false},
       "binding": {"bound": true, "age_seconds": 864000},
       "account": {"limit_left": 500000, "recovering": false}, "powers": []}'
ask /v1/decisions "$(jq -n --argjson asked "$asked" --arg id "$id" --argjson bank "$bank" \
    --argjson evidence "$evidence" '$asked + {challenge: $id, $evidence, $bank}')"

jq -r '.reasons[] | select(.passed_over == null) | .customer.ja' "$answer"
case $(jq -r .outcome "$answer") in
serve) echo "transferred $amount to $payee (decision $(jq -r .id "$answer"))" ;;
step-up) echo "needs $(jq -r '.methods | join(", ")' "$answer"), then a new challenge"; exit 1 ;;
limit) echo "at most $(jq -r '"\(.limit.amount) \(.limit.currency)"' "$answer")"; exit 1 ;;
*) exit 1 ;;
esac
