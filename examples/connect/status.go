package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/exdesk/exdesk/tokens"
)

// kept is what -status tells.
type kept struct {
	Mailbox      string    `json:"mailbox"`
	User         string    `json:"user"`
	Since        time.Time `json:"since"`
	Renewed      time.Time `json:"renewed"`
	Scopes       []string  `json:"scopes"`
	Refused      string    `json:"refused,omitempty"`
	RefusedSince time.Time `json:"refusedSince,omitzero"`
}

// status tells from the store alone.
func (p *program) status(ctx context.Context) error {
	store, err := p.Store()
	if err != nil {
		return err
	}
	s, err := tokens.Look(ctx, store, p.Mailbox)
	if errors.Is(err, tokens.ErrMissing) {
		return fmt.Errorf("nobody has signed in for %s: run connect", p.Mailbox)
	}
	if err != nil {
		return err
	}
	k := &kept{Mailbox: p.Mailbox, User: s.User, Since: s.Since.UTC(), Renewed: s.Renewed.UTC(), Scopes: s.Scopes}
	if s.Refused != nil {
		k.Refused, k.RefusedSince = s.Refused.Error(), s.RefusedSince.UTC()
	}
	if p.json {
		err = p.encode(k)
	} else {
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "mailbox\t%s\nsigned in\t%s, on %s\nrenewed\t%s\npermissions\t%s\n", k.Mailbox, k.User, k.Since.Format(time.RFC3339),
			k.Renewed.Format(time.RFC3339), strings.Join(k.Scopes, ", "))
		if k.Refused != "" {
			fmt.Fprintf(w, "refused\tsince %s: %s\n", k.RefusedSince.Format(time.RFC3339), k.Refused)
		}
		err = w.Flush()
	}
	if err == nil && s.Refused != nil {
		err = errors.New("the sign-in is refused: run connect")
	}
	return err
}

func (p *program) encode(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
