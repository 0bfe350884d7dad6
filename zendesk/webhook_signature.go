package zendesk

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"time"
)

// ready reports whether there is a secret to check signatures by.
func (h *Webhook) ready() bool {
	return slices.ContainsFunc(h.Secrets, func(secret string) bool { return secret != "" })
}

// signatureOf returns the two headers that sign a request. Both have to be
// there, once.
// https://developer.zendesk.com/documentation/webhooks/verifying/
func signatureOf(head http.Header) (stamp, signature string, ok bool) {
	stamps, signatures := head["X-Zendesk-Webhook-Signature-Timestamp"], head["X-Zendesk-Webhook-Signature"]
	if len(stamps) != 1 || len(signatures) != 1 {
		return "", "", false
	}
	return stamps[0], signatures[0], true
}

// timely reports whether a timestamp is of about now.
func (h *Webhook) timely(stamp string) bool {
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return false
	}
	tolerance := h.tolerance()
	off := time.Since(at)
	return -tolerance <= off && off <= tolerance
}

func (h *Webhook) tolerance() time.Duration {
	if h.Tolerance == 0 {
		return defaultTolerance
	}
	return h.Tolerance
}

// signed reports whether one of the secrets made the signature, in a time that
// does not depend on which. A secret is a key as it stands, although it looks
// like base64; the timestamp counts as it was sent. It is the text of the
// signature that is compared: base64 has several texts for the same octets.
//
// QUIRK: an older page has the body before the timestamp, with a vector that
// fits nothing else; the present page has it this way.
func (h *Webhook) signed(stamp, signature string, body []byte) bool {
	good := 0
	for _, secret := range h.Secrets {
		if secret == "" {
			continue // anybody can sign with that
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp))
		mac.Write(body)
		want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		good |= subtle.ConstantTimeCompare([]byte(want), []byte(signature))
	}
	return good == 1
}
