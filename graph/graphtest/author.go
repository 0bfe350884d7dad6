package graphtest

import (
	"net/http"
	"strings"
)

// FromName says what becomes of the display name in From: Exchange writes the
// one that its directory has (python-o365 issue 900, microsoft-graph-docs
// issue 8311 and many more). When it does is not known.
type FromName int

const (
	// NameAtSend replaces the name when the message is sent: the draft shows
	// the one that was set, the copy in Sent Items and the arrival do not.
	NameAtSend FromName = iota
	// NameInDraft replaces it as soon as it is stored.
	NameInDraft
	// NameKept leaves it.
	NameKept
)

func (s *Server) nameInDraft(it *item) {
	if s.opts.FromName == NameInDraft {
		it.rename()
	}
}

// rename writes the directory's name into From, if From is the mailbox.
func (it *item) rename() {
	list := it.people("From")
	if len(list) == 0 || !it.owner.owns(list[0].address) {
		return
	}
	list = []person{{it.owner.display, list[0].address}}
	it.revise(func(d *draft) { d.setPeople("From", list) })
}

const sendAsText = "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account., Cannot submit message."

func sendAsDenied() *refusal {
	return &refusal{status: http.StatusForbidden, code: "ErrorSendAsDenied", message: sendAsText}
}

// checkSender refuses mail in the name of others.
func (s *Server) checkSender(it *item) *refusal {
	no := sendAsDenied()
	for _, name := range []string{"From", "Sender"} {
		for _, p := range it.people(name) {
			if !it.owner.owns(p.address) || s.opts.AtInName && it.draft != nil && it.draft.mime && strings.Contains(p.name, "@") {
				return no
			}
		}
		if len(it.people(name)) == 0 && it.mail.text(name) != "" {
			return no // nobody's
		}
	}
	return nil
}
