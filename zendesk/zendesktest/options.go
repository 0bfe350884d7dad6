package zendesktest

import "time"

// Options describes the account and chooses between answers where the
// vendor's documentation leaves them open. A zero field means the default
// named in its comment; -1 means no limit.
type Options struct {
	// Subdomain names the account; the default is "acme".
	Subdomain string
	// Agent is the e-mail address of the user the API acts as; the default is
	// "agent@acme.test".
	Agent string
	// Role is what he is: "admin", which is the default, "agent" or "light
	// agent".
	Role string
	// Agents are the addresses of further agents.
	Agents []string
	// SupportAddresses are the addresses that /recipient_addresses lists, the
	// first of them the default one, all of them verified; the default is
	// support@SUBDOMAIN.zendesk.com. [Server.AddSupportAddress] says more of one.
	SupportAddresses []string
	// Epoch is the account's time at the call of New, from which its clock
	// runs on; the default is the real time.
	Epoch time.Time

	// AttachmentLimit is the size in octets that one uploaded file may have;
	// the default is 50 MiB.
	AttachmentLimit int64
	// UploadLife is how long an unused upload lives; the default is 60
	// minutes. (Until 2024 it was 72 hours.)
	UploadLife time.Duration
	// ScanTime is how long malware_scan_result stays "not_scanned"; the
	// default is a minute.
	ScanTime time.Duration
	// RefuseTypes are file extensions that the account's administrator has
	// forbidden, such as ".exe".
	RefuseTypes []string
	// Infected are the names of files that the scan finds malware in. They cannot
	// be downloaded any more.
	Infected []string
	// FileHost is the root of another host, such as https://p18.zdusercontent.com,
	// that a content_url answers with a redirect to; the Server serves that host
	// as well, which refuses whoever brings credentials. By default a content_url
	// answers with the file itself.
	FileHost string
	// PrivateFiles is the setting that attachments are private: whoever opens a
	// content_url without credentials is redirected to a page to sign in.
	PrivateFiles bool
	// RateLimit is how many requests a minute the account may make; the
	// default is 700, the Enterprise plan's.
	RateLimit int
	// UpdateLimit is how many ticket updates a minute the account may make;
	// the default is 100.
	UpdateLimit int
	// TokenLife is how long an OAuth token lives unless the request for it
	// says otherwise; the default is 30 minutes. With -1 tokens do not expire
	// and are issued without expires_in, as those of clients made before
	// 2026-04-30.
	TokenLife time.Duration
	// RefreshLife is how long a refresh token lives unless the request for it
	// says otherwise; the default is 30 days.
	RefreshLife time.Duration
	// ClientScopes are the scopes that the OAuth client may ask for; nil is
	// any.
	ClientScopes []string
	// PublicClient makes a public client of the OAuth client: it has no secret
	// and must use PKCE, and cannot have client_credentials.
	PublicClient bool
	// Redirects are the redirect URLs of the OAuth client, compared octet by
	// octet; nil is any http URL of a loopback host.
	Redirects []string
	// EndAPITokens has API tokens end on 30 April 2027 by the account's clock, as
	// Zendesk has announced: from then on they are answered 401. By default they
	// do not end, so that tests do not either.
	EndAPITokens bool
	// NoAPITokens makes an account of after 28 July 2026, which has no API
	// tokens: they are answered 401.
	NoAPITokens bool
	// Think is how long the account takes to create a ticket, between hearing
	// the request and answering it. It acts even if the client has gone.
	Think time.Duration
	// NoCCs turns "CCs and followers" off: email_ccs and followers are
	// ignored.
	NoCCs bool
	// PrivateByDefault is the setting that agents' comments are private unless
	// they say otherwise. The API tells it and does not follow it: there, a
	// comment that does not say is what the first comment was.
	PrivateByDefault bool
	// EmailAttachments is the setting that notifications carry their files,
	// instead of links to them. The account tells it and does not act on it.
	EmailAttachments bool
	// NoPrivateFirst is the setting that a ticket's first comment cannot be
	// private.
	NoPrivateFirst bool

	// AgentAuthors: contested. The author of a first comment that names none
	// is the API's user, as the Ticket Comments page says, instead of the
	// requester, as the Tickets page says.
	AgentAuthors bool
	// LookupLag: undocumented. It is how long a new ticket stays invisible to
	// GET /tickets?external_id=.
	LookupLag time.Duration
	// AuditLag: undocumented. It is how long a new audit stays invisible to GET
	// /tickets/{id}/audits, while updated_at moves at once.
	AuditLag time.Duration
	// ReadLag: undocumented. It is how old the state is that GET /tickets/{id}
	// serves, as from a replica; lists and safe updates know the present one.
	ReadLag time.Duration
	// ListArchived: contested. The lists of a user's tickets, such as
	// /users/{id}/tickets/requested, hold archived ones, as their parameter
	// exclude_archived suggests.
	ListArchived bool
	// LightAgents: undocumented. It is what becomes of a public comment that
	// is said to be by a light agent.
	LightAgents LightAgents
	// RefuseSuspendedAuthors: undocumented. A comment by a suspended author is
	// refused with 422 instead of taken.
	RefuseSuspendedAuthors bool
	// RefuseSuspendedTickets: undocumented. A comment on a ticket whose
	// requester is suspended is refused with 422 instead of taken.
	RefuseSuspendedTickets bool
	// EditClosed: contested. An administrator may change the tags, subject and
	// priority of a closed ticket, as the help center says of the agent
	// interface.
	EditClosed bool
	// MergeCCs: undocumented. The requesters and CCs of merged tickets become
	// CCs of the ticket they are merged into.
	MergeCCs bool
	// AgentImports: contested. Agents may import tickets, instead of
	// administrators only, as the Ticket Import page says.
	AgentImports bool
	// ImportMetadata: undocumented. Imports keep ticket.metadata instead of
	// dropping it without a word.
	ImportMetadata bool
	// RememberFailures: undocumented. A POST that failed, by this package's
	// own judgement or by a Fault with Commit, is remembered under its
	// idempotency key as well.
	RememberFailures bool
	// InFlight: undocumented. It is what becomes of a request whose
	// idempotency key is being served.
	InFlight InFlight
	// LooseKeys: undocumented. Bodies sent under one idempotency key are
	// compared by their JSON values instead of octet by octet.
	LooseKeys bool
	// OversizeStatus: undocumented. It is the status for a file above
	// AttachmentLimit, 413 or 422; the default is 413.
	OversizeStatus int
	// RefuseEmpty: contested. A file of no octets is refused with 422, as
	// https://github.com/facetoe/zenpy/issues/106 saw in 2017.
	RefuseEmpty bool
	// JSONUploads: contested. The answer to an upload is application/json, as
	// node-zendesk takes for granted, which reads nothing else; by default the
	// JSON is under text/plain, as recordings of 2023 and 2024 have it.
	JSONUploads bool
	// IgnoreUploads: undocumented. Unknown, expired and used upload tokens in
	// a comment are ignored instead of refused with 422.
	IgnoreUploads bool
	// InlineImages: undocumented. An attachment whose content_url the
	// comment's HTML refers to becomes inline and leaves the list.
	InlineImages bool
	// RefuseSupport: undocumented. A support address is refused as requester
	// and dropped from email_ccs, instead of becoming a user.
	RefuseSupport bool
	// RefuseRecipient: undocumented. A recipient that is no support address
	// is refused with 422 instead of kept.
	RefuseRecipient bool
	// DropBadCCs: undocumented. An email_ccs entry with a malformed address is
	// dropped instead of refused with 422.
	DropBadCCs bool
	// RefuseStrangers: undocumented. A comment's author_id must be an agent,
	// the requester or a CC of the ticket.
	RefuseStrangers bool
	// KeepSolved: undocumented. A comment by an end user does not reopen a
	// pending or solved ticket.
	KeepSolved bool
	// TerseClosed: contested. The refusal to update a closed ticket lacks the
	// prefix "Status: ", as seen in 2026.
	TerseClosed bool
	// JSONLimits: contested. The body of a 429 is JSON instead of text.
	JSONLimits bool
	// TokenErrors: contested. A bad bearer token is answered with the error
	// "invalid_token" instead of "Couldn't authenticate you".
	TokenErrors bool
	// KeepCurrent: contested. DELETE /api/v2/oauth/tokens/current answers 204 and
	// the token goes on, as
	// https://support.zendesk.com/hc/en-us/community/posts/4627188332186 saw in
	// 2022, instead of ending.
	KeepCurrent bool
	// DropUnknownScopes: undocumented. The scope of a token's answer leaves out
	// what nobody knows, instead of repeating it.
	DropUnknownScopes bool
	// NoAudits: contested. Ticket audits need the global scope "read", as the
	// older reference says; "tickets:read" is answered 403.
	NoAudits bool
	// NoIdentities: contested. User identities need the global scope "read", as
	// their page says; "users:read" is answered 403.
	NoIdentities bool
	// ImportScope: undocumented. Imports need the global scope "write";
	// "tickets:write" is answered 403.
	ImportScope bool
	// UploadScope: contested. Uploads need "ticket_attachments:write";
	// "tickets:write" is answered 403.
	UploadScope bool
	// SettingsScope: undocumented. /recipient_addresses and /account/settings
	// need "account_settings:read"; otherwise any reading scope will do.
	SettingsScope bool
	// UsersScope: undocumented. A ticket that makes a new user needs
	// "users:write" as well.
	UsersScope bool
}

// InFlight is what becomes of a request whose idempotency key is just being
// served for another request.
type InFlight int

const (
	// InFlightConflict answers 409 at once.
	InFlightConflict InFlight = iota
	// InFlightWait waits for the first request and replays its answer.
	InFlightWait
	// InFlightTwice serves both, as a store without a lock does: two tickets.
	InFlightTwice
)

// LightAgents is what becomes of a public comment that is said to be by a
// light agent, who may comment in private only.
type LightAgents int

const (
	// LightPrivate makes it private.
	LightPrivate LightAgents = iota
	// LightPublic takes it as it is.
	LightPublic
	// LightRefused answers 422.
	LightRefused
)

func (o *Options) withDefaults() Options {
	var d Options
	if o != nil {
		d = *o
	}
	if d.Subdomain == "" {
		d.Subdomain = "acme"
	}
	if d.Agent == "" {
		d.Agent = "agent@acme.test"
	}
	switch d.Role {
	case "":
		d.Role = "admin"
	case "admin", "agent", "light agent":
	default:
		panic("zendesktest: no such role: " + d.Role)
	}
	if d.SupportAddresses == nil {
		d.SupportAddresses = []string{"support@" + d.Subdomain + ".zendesk.com"}
	}
	if d.AttachmentLimit == 0 {
		d.AttachmentLimit = 50 << 20
	}
	if d.UploadLife == 0 {
		d.UploadLife = time.Hour
	}
	if d.ScanTime == 0 {
		d.ScanTime = time.Minute
	}
	if d.RateLimit == 0 {
		d.RateLimit = 700
	}
	if d.UpdateLimit == 0 {
		d.UpdateLimit = 100
	}
	if d.TokenLife == 0 {
		d.TokenLife = 30 * time.Minute
	}
	if d.RefreshLife == 0 {
		d.RefreshLife = 30 * 24 * time.Hour
	}
	if d.OversizeStatus == 0 {
		d.OversizeStatus = 413
	}
	return d
}
