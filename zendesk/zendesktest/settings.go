package zendesktest

import (
	"net/http"
	"strconv"
)

// showSettings answers the settings that a client needs to know. Every agent
// may read them.
// https://developer.zendesk.com/api-reference/ticketing/account-configuration/account_settings/
//
// QUIRK: api_token_access is a boolean by the page's table, and a string in its
// sample and in Zendesk's OpenAPI description. No client here reads it.
func (s *Server) showSettings(*call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return reply(http.StatusOK, object{"settings": object{
		"api": object{"accepted_api_agreement": true, "api_password_access_end_users": false,
			"api_token_access": strconv.FormatBool(s.takesAPITokens())},
		"limits": object{"attachment_size": s.opt.AttachmentLimit},
		"tickets": object{
			"follower_and_email_cc_collaborations": !s.opt.NoCCs, "collaboration": true, "light_agent_email_ccs_allowed": true,
			"comments_public_by_default": !s.opt.PrivateByDefault, "is_first_comment_private_enabled": !s.opt.NoPrivateFirst,
			"private_attachments": s.opt.PrivateFiles, "email_attachments": s.opt.EmailAttachments, "tagging": true,
			"agent_ticket_deletion": false, "assign_tickets_upon_solve": true,
		},
	}})
}
