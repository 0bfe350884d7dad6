package contracts_test

import (
	"time"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/graph/graphtest"
	"github.com/exdesk/exdesk/zendesk/zendesktest"
)

// losable are fields that a tenant may not keep.
var losable = []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailer", "X-Zendesk-From-Account-Id", "X-Zendesk-Email-Id"}

// modes are the answers that nobody has documented, and what people report, as
// the fakes' options have them; each option is in one of them.
var modes = []mode{
	{
		name: "signed in, small pages",
		exchange: graphtest.Options{Raw: true, PageSize: 3, EmptyPages: 2, IgnoreIfMatch: true, LenientOrder: true, NegatedLambda: true,
			AnyDependsOn: true, SoftDelete: true, DuplicateCategory: 400, Headers: graphtest.Keeps, FromName: graphtest.NameInDraft,
			MessageIDs: graphtest.ReplacedIDs, SubmitDate: true, ResendSent: true, UploadExtends: true, UploadStatus: true,
			UploadRepeat: true, DuplicateFolder: 400},
		client: graph.Options{User: "me", PageSize: 2},
		support: zendesktest.Options{Role: "agent", AgentAuthors: true, LookupLag: 90 * time.Second, AuditLag: 20 * time.Second, ReadLag: 5 * time.Second,
			ListArchived: true, MergeCCs: true, AgentImports: true, ImportMetadata: true, LooseKeys: true, IgnoreUploads: true,
			InlineImages: true, DropBadCCs: true, KeepSolved: true, NoCCs: true, PrivateByDefault: true, EmailAttachments: true,
			NoPrivateFirst: true, EditClosed: true, LightAgents: zendesktest.LightPublic, InFlight: zendesktest.InFlightWait,
			FileHost: "http://files.test", PrivateFiles: true, RefuseTypes: []string{".exe"}},
	}, {
		name: "an application, late and strict",
		exchange: graphtest.Options{FilterLag: time.Minute, PropertyLag: time.Minute, SentLag: 30 * time.Second, NewSentID: true, HeavyPage: 3,
			BareHeaders: true, ForeignTraceFirst: true, NamedAuth: true, WideFirewall: true, Headers: graphtest.Strips,
			SuppressHeader: true, LostOnWire: []string{"X-Mailer"}, SendFromAlias: true, AtInName: true, MessageIDs: graphtest.ReplacedInDraft,
			InFlight: 2, HideShared: true, UploadBudget: 3_000_000},
		client:  graph.Options{OutOfReach: "boss@contoso.test"},
		token:   application,
		options: exdesk.Options{Relay: exdesk.RelayOptions{MayLose: losable, MostRecipients: 4, Split: true}, TrimQuotes: true},
		support: zendesktest.Options{AttachmentLimit: 100_000, OversizeStatus: 422, RateLimit: 30, UpdateLimit: 2, JSONLimits: true,
			RefuseSuspendedAuthors: true, RefuseSuspendedTickets: true, RefuseEmpty: true, RefuseSupport: true, RefuseRecipient: true,
			RefuseStrangers: true, TerseClosed: true, TokenErrors: true, RememberFailures: true, LightAgents: zendesktest.LightRefused,
			InFlight: zendesktest.InFlightTwice, Infected: []string{"Rechnung 12.pdf"}},
	}, {
		name: "few rights",
		exchange: graphtest.Options{BareProperties: true, FromName: graphtest.NameKept, MessageIDs: graphtest.ReplacedOnWire, MaxRecipients: 5,
			DailyRecipients: 8, LimitStatus: 403, SuppressNDR: true, MaxMessage: 4_000_000, MaxRequest: 2_000_000, MinUpload: 1 << 20,
			OutOfScope: graphtest.ScopeOData},
		client: graph.Options{OutOfReach: "boss@contoso.test"},
		token: func(s *graphtest.Server) string {
			return s.TokenFor(graphtest.Grant{AppOnly: true, Mailboxes: []string{s.Mailbox()}})
		},
		options: exdesk.Options{Relay: exdesk.RelayOptions{MayLose: losable}},
		support: zendesktest.Options{NoAudits: true, NoIdentities: true, ImportScope: true, UploadScope: true, SettingsScope: true, UsersScope: true},
		scopes:  []string{"tickets:read", "tickets:write", "users:read"},
	}, {
		name:     "mail is reported undelivered, an account of light agents",
		exchange: graphtest.Options{MaxRecipients: 3, LimitNDR: true},
		support:  zendesktest.Options{Role: "light agent", DropUnknownScopes: true, KeepCurrent: true},
	},
}

func application(s *graphtest.Server) string { return s.TokenFor(graphtest.Grant{AppOnly: true}) }
