package consent

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/tokens"
)

// State is how it is with a mailbox.
type State string

const (
	// StateConnected means that nothing is known to be wrong.
	StateConnected State = "connected"
	// StateIncomplete means that permissions are missing.
	StateIncomplete State = "incomplete"
	// StateFailed means that somebody has to sign in again.
	StateFailed State = "failed"
	// StateDisconnected means that nobody has signed in.
	StateDisconnected State = "disconnected"
	// StateUnknown means that the Store could not be read.
	StateUnknown State = "unknown"
)

// Mailbox is what is known of one.
type Mailbox struct {
	Address string    `json:"mailbox"`
	State   State     `json:"state"`
	User    string    `json:"user,omitempty"`    // who signed in
	Since   time.Time `json:"since,omitzero"`    // when
	Renewed time.Time `json:"renewed,omitzero"`  // when the sign-in was renewed last
	Missing []string  `json:"missing,omitempty"` // permissions that were not consented to
	// Reason says what is wrong and what to do about it, FailedSince when it was
	// seen first.
	Reason      string    `json:"reason,omitempty"`
	FailedSince time.Time `json:"failed_since,omitzero"`
}

// Connected reports whether there is a sign-in, good or not.
func (m Mailbox) Connected() bool { return m.State != StateDisconnected && m.State != StateUnknown }

// status shows what is known, and asks nobody but the Store.
func (v *visit) status() {
	ctx, cancel := context.WithTimeout(v.r.Context(), looking)
	defer cancel()
	list := make([]Mailbox, len(v.mailboxes))
	for i, m := range v.mailboxes {
		list[i] = v.look(ctx, m)
	}
	v.w.Header().Set("Vary", "Accept")
	if wantsJSON(v.r) {
		v.w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(v.w).Encode(struct {
			Mailboxes []Mailbox `json:"mailboxes"`
		}{list})
		return
	}
	v.show(http.StatusOK, Page{Kind: KindStatus, Title: "Mailbox connections", Mailboxes: list, Admin: true, Notice: v.takeNotice()})
}

// wantsJSON reports whether it is a machine that asks: browsers want HTML.
func wantsJSON(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// look returns what is known of a mailbox.
func (h *Handler) look(ctx context.Context, mailbox string) Mailbox {
	m := Mailbox{Address: mailbox, State: StateConnected}
	state, err := tokens.Look(ctx, h.store, h.opts.Account(mailbox))
	switch {
	case errors.Is(err, tokens.ErrMissing):
		m.State = StateDisconnected
		return m
	case err != nil && !errors.Is(err, exdesk.ErrTemporary):
		m.State, m.Reason = StateFailed, reason(err)
		return m
	case err != nil:
		h.log.WarnContext(ctx, "the store cannot be read", "mailbox", mailbox, "error", err)
		m.State, m.Reason = StateUnknown, "What is kept cannot be read just now. "+unlucky
		return m
	}
	m.User, m.Since, m.Renewed = state.User, state.Since, state.Renewed
	m.Missing = missing(entra.Scopes(h.opts.Wants), state.Scopes)
	switch {
	case state.ClientID != "" && state.ClientID != h.app.ClientID():
		m.State, m.Reason = StateFailed, "The sign-in was made with another registration of this application: sign in again."
	case state.Refused != nil:
		m.State, m.Reason, m.FailedSince = StateFailed, reason(state.Refused), state.RefusedSince
	case m.Missing != nil:
		m.State, m.Reason = StateIncomplete, "Connect it again, and consent to everything that is asked for."
	}
	return m
}

// missing returns which of the wanted permissions were not granted; nil if nobody
// said what was. Microsoft returns some with the address of Graph before them, and
// never offline_access.
func missing(wanted, granted []string) []string {
	if granted == nil {
		return nil
	}
	var list []string
	for _, w := range wanted {
		if w != "offline_access" && !slices.ContainsFunc(granted, func(g string) bool {
			g = g[strings.LastIndexByte(g, '/')+1:]
			return strings.EqualFold(g, w) || strings.EqualFold(g, w+".Shared") // which opens one's own as well
		}) {
			list = append(list, w)
		}
	}
	return list
}
