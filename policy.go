package exdesk

import (
	"slices"
	"strings"
)

// Policy are an account's choices about comments that come by mail. Two of
// them are settings of the account that its API does not tell. The zero value
// is what Zendesk begins with.
type Policy struct {
	// PublicCCs makes comments of copied end users public even if the
	// requester got none of the mail: "Make email comments from CCed end users
	// public".
	PublicCCs bool
	// PrivateAgents makes agents' comments private: "Agent comments via email
	// are public by default" is off.
	PrivateAgents bool
	// Trusted names domains whose mail counts as verified without Exchange's
	// word, and that may write for others by Reply-To, as a provider of forms
	// does. Whoever forges their mail speaks as their users.
	Trusted []string
}

// standing is what decides how a mail may speak on a ticket.
type standing struct {
	conv     *Conversation
	person   *Person              // whose address From is; nil if nobody's
	sure     bool                 // the ticket was found by its encoded id, or by the caller's own Threads
	others   bool                 // the mail went to others than support addresses
	note     bool                 // it begins with "#note"
	direct   func() (bool, error) // whether it went to the requester
	secret   func() (bool, error) // whether it quotes a private comment
	verified bool
	doubt    string // why it is not
}

// involved reports whether the person may add to the ticket, as Zendesk's rules
// have it: whoever the ticket is about, and agents who see it.
func (s *standing) involved() bool {
	p, c := s.person, s.conv
	if p == nil {
		return false
	}
	if p.ID == c.Requester || slices.Contains(c.CCs, p.ID) {
		return true
	}
	return p.Agent && (!p.Restricted || p.ID == c.Assignee || slices.Contains(c.Followers, p.ID) || p.Group != 0 && p.Group == c.Group)
}

// speech is how a mail speaks on a ticket.
type speech struct {
	public bool
	why    string // it is private
	held   bool   // it does not speak at all
}

// speech goes through the ordered checks of "Understanding when email comments
// are public or private", and then asks for a sender who is verified: a
// forged From must neither speak in public nor copy anybody.
func (p *Policy) speech(s *standing) (speech, error) {
	private := func(why string) (speech, error) { return speech{why: why}, nil }
	c, person := s.conv, s.person
	switch involved := s.involved(); {
	case !involved && s.sure: // 1
		return private("the sender is not on the ticket")
	case !involved: // 2: Zendesk suspends it
		return speech{held: true, why: "somebody who is not on ticket " + ticketName(c.ID) + " answers it"}, nil
	case person.ID != c.Requester && slices.Contains(c.CCs, person.ID): // 3
		direct, err := s.direct()
		switch {
		case err != nil:
			return speech{}, err
		case direct:
		case !p.PublicCCs:
			return private("the sender is copied on the ticket and left the requester out")
		case s.others:
			return private("the sender is copied on the ticket and wrote to others, but not to the requester")
		}
	}
	if !s.verified {
		return private("the sender is not verified: " + s.doubt)
	}
	switch {
	case !person.Agent: // 4
		return speech{public: true}, nil
	case person.PrivateOnly: // 5
		return private("the sender is a light agent")
	case slices.Contains(c.Followers, person.ID) && person.ID != c.Assignee && person.ID != c.Requester && !slices.Contains(c.CCs, person.ID):
		return private("the sender follows the ticket, and followers answer in private") // the page's conclusion from its rules
	case s.note: // 6
		return private("the mail begins with #note")
	case p.PrivateAgents: // 7
		return private("agents' mail is private")
	case c.Private: // 8
		return private("the ticket is private")
	}
	switch secret, err := s.secret(); { // 9
	case err != nil:
		return speech{}, err
	case secret:
		return private("the mail quotes a private comment")
	}
	return speech{public: true}, nil // 10
}

// beginsNote reports whether the text begins with a command of Zendesk's Mail API.
// Only this one is heard, and only of agents: it can do no harm.
func beginsNote(text string) bool {
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case line == "":
			continue
		case strings.EqualFold(line, "#note"), strings.EqualFold(line, "#public false"):
			return true
		case !strings.HasPrefix(line, "#"):
			return false
		}
	}
	return false
}

// quotes reports whether a text repeats a line of one of the others that is
// long enough not to be chance.
func quotes(text string, others []string) bool {
	unmarked := strings.Map(func(r rune) rune {
		if r == '>' {
			return -1
		}
		return r
	}, text)
	in := squeeze(unmarked, len(unmarked))
	for _, o := range others {
		for line := range strings.Lines(o) {
			if l := squeeze(line, len(line)); len(l) >= 30 && strings.Contains(in, l) {
				return true
			}
		}
	}
	return false
}
