package zendesktest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// byTriggers is the subscription of webhooks that triggers and automations
// use. No trigger of this account uses any.
const byTriggers = "conditional_ticket_events"

// create registers a webhook.
// https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/#create-or-clone-webhook
//
// What is refused is documented, how it is said is not.
func (w *Webhooks) create(c *call) *answer {
	body, ok := readBody(c.r)
	if !ok {
		return plain(http.StatusBadRequest, "BadRequest", "The body is incomplete")
	}
	top, root, a := w.s.openBare(c, body, "webhooks/create")
	if a != nil {
		return a
	}
	p, ok := top.object("webhook")
	top.close()
	if !ok {
		return invalidWebhook("webhook is required")
	}
	h := &webhook{
		name: p.text("name"), description: p.text("description"), status: p.text("status"), endpoint: p.text("endpoint"),
		method: p.text("http_method"), format: p.text("request_format"), subscriptions: p.texts("subscriptions"), by: c.token.user.ID,
	}
	p.ignore("authentication", "custom_headers", "external_source", "signing_secret")
	p.close()
	if root.bad == nil {
		root.bad = h.check()
	}
	if root.bad == nil {
		w.add(h)
		root.bad = reply(http.StatusCreated, object{"webhook": h.json()})
		for _, kind := range h.subscriptions {
			if kind != commentAdded && kind != ticketCreated {
				root.unmodeled = append(root.unmodeled, "subscription "+kind)
			}
		}
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.warn(root.bad, root)
}

func (h *webhook) check() *answer {
	u, err := url.Parse(h.endpoint)
	events := slices.ContainsFunc(h.subscriptions, func(s string) bool { return s != byTriggers })
	switch {
	case h.name == "":
		return invalidWebhook("name is required")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return invalidWebhook("endpoint is not a URL")
	case !slices.Contains([]string{"active", "inactive"}, h.status):
		return invalidWebhook("status is active or inactive")
	case !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, h.method):
		return invalidWebhook("http_method is not allowed")
	case !slices.Contains([]string{"json", "xml", "form_encoded"}, h.format):
		return invalidWebhook("request_format is not allowed")
	case events && (h.method != http.MethodPost || h.format != "json"):
		return invalidWebhook("event subscriptions need POST and json")
	case events && slices.Contains(h.subscriptions, byTriggers):
		return invalidWebhook(byTriggers + " is a kind of its own")
	case slices.ContainsFunc(h.subscriptions, func(s string) bool { return s != byTriggers && !strings.HasPrefix(s, "zen:event-type:") }):
		return invalidWebhook("no such subscription")
	}
	return nil
}

func invalidWebhook(detail string) *answer {
	return listed(http.StatusBadRequest, "InvalidWebhook", "Invalid webhook", detail)
}

// json is a webhook as it is shown, without its secret.
func (h *webhook) json() object {
	return object{
		"id": h.id, "name": h.name, "description": orNull(h.description), "status": h.status, "endpoint": h.endpoint,
		"http_method": h.method, "request_format": h.format, "subscriptions": append([]string{}, h.subscriptions...),
		"created_at": stamp(h.created), "created_by": idText(h.by),
	}
}

func (w *Webhooks) showSecret(c *call) *answer { return w.secretOf(c, http.StatusOK, false) }

// resetSecret makes a new secret. What is sent from then on is signed with it.
func (w *Webhooks) resetSecret(c *call) *answer { return w.secretOf(c, http.StatusCreated, true) }

func (w *Webhooks) secretOf(c *call, status int, reset bool) *answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hook(c.vars["id"])
	if h == nil {
		return notFound()
	}
	if reset {
		h.secret = webhookSecret()
	}
	return reply(status, object{"signing_secret": object{"secret": h.secret, "algorithm": "SHA256"}})
}

// webhookSecret makes a signing secret. It looks like base64 and is used as it
// stands.
func webhookSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// ulid makes an id as webhooks and invocations have them: 48 bits of time, 80
// of chance.
func ulid(at time.Time) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b [16]byte
	_, _ = rand.Read(b[6:])
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16|uint64(binary.BigEndian.Uint16(b[6:8])))
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	out := make([]byte, 26)
	for i := range out {
		out[len(out)-1-i] = digits[lo&31]
		lo, hi = lo>>5|hi<<59, hi>>5
	}
	return string(out)
}
