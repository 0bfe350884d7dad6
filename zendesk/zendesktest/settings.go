package zendesktest

import (
	"net/http"
	"time"
)

type supportAddress struct {
	id      int64
	email   string
	created time.Time
}

func (s *Server) isSupport(email string) bool {
	for _, a := range s.support {
		if fold(a.email) == fold(email) {
			return true
		}
	}
	return false
}

// listSupportAddresses answers the addresses that mail for the account is
// sent to. https://developer.zendesk.com/api-reference/ticketing/account-configuration/support_addresses/
func (s *Server) listSupportAddresses(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, len(s.support))
	for i, a := range s.support {
		ids[i] = a.id
	}
	w, bad := s.page(c, ids, false)
	if bad != nil {
		return bad
	}
	out := []object{}
	for i, a := range s.support[w.from:w.to] {
		out = append(out, object{
			"id": a.id, "brand_id": brandID, "default": w.from+i == 0, "name": s.opt.Subdomain, "email": a.email,
			"forwarding_status": "verified", "spf_status": "verified", "cname_status": "verified", "domain_verification_status": "verified",
			"created_at": stamp(a.created), "updated_at": stamp(a.created),
		})
	}
	return reply(http.StatusOK, w.into(object{"recipient_addresses": out}))
}

// showSettings answers the settings that a client needs to know.
// https://developer.zendesk.com/api-reference/ticketing/account-configuration/account_settings/
func (s *Server) showSettings(*call) *answer {
	return reply(http.StatusOK, object{"settings": object{
		"limits": object{"attachment_size": s.opt.AttachmentLimit},
		"tickets": object{
			"follower_and_email_cc_collaborations": !s.opt.NoCCs, "collaboration": true, "light_agent_email_ccs_allowed": true,
			"comments_public_by_default": !s.opt.PrivateByDefault, "is_first_comment_private_enabled": !s.opt.NoPrivateFirst,
			"private_attachments": false, "email_attachments": false, "tagging": true,
			"agent_ticket_deletion": false, "assign_tickets_upon_solve": true,
		},
	}})
}
