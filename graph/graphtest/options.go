package graphtest

import "time"

// Options adjust a Server. The zero value of a field means the default named
// in its comment.
type Options struct {
	// Mailbox is the address of the first mailbox; default support@contoso.test.
	Mailbox string
	// Raw serves $value octet for octet as the mail was delivered. By default
	// the message is regenerated, as Exchange does.
	Raw bool
	// PageSize caps the size of a page below what $top asks; default 1000.
	PageSize int
	// EmptyPages n makes every n-th page of a list empty though it has a
	// nextLink, which Graph allows itself. 0 makes none; 1 counts as 2.
	EmptyPages int
	// TokenLife is how long an access token is valid; default one hour.
	TokenLife time.Duration
	// Seed decides ids, the order of answers in a batch and all else that is
	// random; default 1. Two servers with equal seeds that are asked the same
	// in the same order answer the same.
	Seed uint64
	// IgnoreIfMatch ignores If-Match on PATCH. By default it is honoured with
	// 412. Microsoft documents neither.
	IgnoreIfMatch bool
	// InFlight is how many requests one application may have in flight for one
	// mailbox; default 4, the documented number; -1 is no limit.
	InFlight int
	// Budget is how many requests one application may send for one mailbox in
	// ten minutes; default 10,000, the documented number; -1 is no limit.
	Budget int
	// Tenant is the one tenant that the application is for, by its domain name.
	// Its id, which an administrator's consent returns, is good as well. By
	// default every name but consumers is taken, common and organizations only
	// where somebody signs in.
	Tenant string
	// Scope is what applications ask for, and by its host how this cloud writes
	// the permissions of people; default https://graph.microsoft.com/.default.
	// The national clouds have others.
	Scope string
	// Permissions are those the application has been granted, such as
	// Mail.ReadWrite; default all that this server knows.
	Permissions []string
	// Delegated are the permissions of the application's registration that
	// people can consent to: what .default and an administrator's consent are
	// about. Default Mail.ReadWrite, Mail.Send, MailboxSettings.ReadWrite and
	// User.Read. Others may be asked for as well.
	Delegated []string
	// Redirects are the addresses that a browser may be sent back to, exactly;
	// the port of http://localhost and http://127.0.0.1 is any. By default it
	// may be sent to every path on those two.
	Redirects []string
	// Admin is the address of the administrator, who is added to the directory
	// without a mailbox if there is none; default admin@ the domain of Mailbox.
	Admin string
	// Public makes the application a public client, such as one that is
	// installed on people's machines: without credentials, which are refused.
	Public bool
	// NoUserConsent leaves consent to the administrator.
	NoUserConsent bool
	// ConsentRequired is how the application learns that somebody returned from
	// the page "Need admin approval": consent_required. By default it is
	// access_denied. Both have been seen.
	ConsentRequired bool
	// AdminConsentFirst leaves the application itself without Permissions until
	// an administrator consents. By default that has been done.
	AdminConsentFirst bool
	// ExactScopes makes an access token good for what was asked for only. By
	// default it is good for all that was consented to, as access tokens for
	// Graph are seen to be; it is documented for .default alone.
	ExactScopes bool
	// RefreshLife is how long a refresh token works that is not used; default 90
	// days, the documented number.
	RefreshLife time.Duration
	// RefreshReuse says what becomes of a refresh token that was used; default
	// ReuseWorks, as is documented.
	RefreshReuse RefreshReuse
	// AssertionOnce refuses a client assertion whose jti was seen before. By
	// default it is good until it expires: "This allows the assertion to be used
	// until then".
	AssertionOnce bool
	// DeviceInterval is how often a device may ask whether somebody signed in,
	// in whole seconds; default 5 seconds.
	DeviceInterval time.Duration
	// NoSlowDown lets a device ask more often. By default it is told slow_down.
	// Microsoft documents neither; RFC 8628 has it.
	NoSlowDown bool
	// OutOfScope is how a mailbox that an application may not open refuses it;
	// default ScopeRAOP.
	OutOfScope OutOfScope
	// HideShared answers who may not open the mailbox of another with 404 instead
	// of 403. Both have been seen: parsedmarc issue 609,
	// microsoft-graph-docs-contrib issue 4749.
	HideShared bool
	// SharedUploads lets who signed in open upload sessions in the mailboxes of
	// others, as was found to work in 2020 (microsoft-graph-docs-contrib issue
	// 4188). By default it is refused, as "Known issues" says.
	SharedUploads bool
	// LenientOrder accepts a filter on isRead alone with $orderby
	// receivedDateTime. It is outside the documented rule, but people report
	// that it works.
	LenientOrder bool
	// NegatedLambda accepts not(categories/any(c:c eq 'X')), of which it is
	// not known whether Exchange takes it.
	NegatedLambda bool
	// AnyDependsOn accepts any dependsOn in a batch that refers to earlier
	// requests. By default only the three documented shapes are.
	AnyDependsOn bool
	// SoftDelete makes DELETE move a message to Deleted Items, and delete it
	// only there. By default it is gone at once. Microsoft's page does not say.
	SoftDelete bool
	// DuplicateCategory is the status for creating a category whose name is
	// taken; default 409. Microsoft does not document it; 400 is the other
	// likely one.
	DuplicateCategory int
	// HeavyPage n makes every page of messages that would show more than n of
	// them fail with 504, as big pages do. 0 is no limit.
	HeavyPage int
	// FilterLag is how long after it was put into its mailbox a message is not
	// yet found by $filter=internetMessageId eq, as people report of copies in
	// Sent Items. Lists without a filter show it, and so do all other filters
	// but for PropertyLag. By default it is found at once. Microsoft documents
	// neither.
	FilterLag time.Duration
	// PropertyLag is how long after it was put into its mailbox a message is
	// not yet found by a $filter on singleValueExtendedProperties. Lists
	// without a filter show it, and so do all other filters but for FilterLag;
	// $expand shows its properties. By default it is found at once. Microsoft
	// documents neither.
	PropertyLag time.Duration
	// BareHeaders leaves From and To out of internetMessageHeaders, as has
	// been seen of some mails.
	BareHeaders bool
	// ForeignTraceFirst serves the sender's own fields above those that
	// Exchange added on the way. By default they stand below, as real headers
	// show. Microsoft documents no order.
	ForeignTraceFirst bool
	// NamedAuth begins the Authentication-Results that Exchange writes with
	// "mx.microsoft.com 1;", as in mail that came since September 2026. By
	// default it names no server, as in mail before that.
	NamedAuth bool
	// WideFirewall treats more fields of mail from outside as they have been
	// seen to be treated: X-MS-Exchange-CrossTenant-* is removed,
	// Authentication-Results renamed to Authentication-Results-Original, and
	// X-Forefront-Antispam-Report and X-Microsoft-Antispam to the same with
	// -Untrusted. By default only what is documented to be removed is:
	// X-MS-Exchange-Organization-* and X-MS-Exchange-Forest-*.
	WideFirewall bool
	// Headers says which fields survive of a mail that is composed here;
	// default Repairable.
	Headers HeaderProfile
	// SuppressHeader lets X-Auto-Response-Suppress be set by its name, as other
	// x- fields are. By default it is set by its own property alone, "Integer
	// 0x3FDF": -1 is All.
	SuppressHeader bool
	// BareProperties makes an extended property that has the name of a field no
	// more than a property: it does not become the field, and the mailbox does not
	// learn the name. Then internetMessageHeaders alone does both, which is what
	// people report (microsoft-graph-docs-contrib issue 424); that the property
	// does is the reading of [MS-OXCMAIL] 2.1.3.2.4, and the default.
	BareProperties bool
	// LostOnWire names fields that drafts and copies in Sent Items show, and
	// that arrive nowhere.
	LostOnWire []string
	// FromName says when the directory's name replaces the one in From; default
	// NameAtSend.
	FromName FromName
	// SendFromAlias lets mail from an alias leave so. By default it leaves from
	// the mailbox's primary address.
	SendFromAlias bool
	// AtInName refuses a MIME message with ErrorSendAsDenied if the display
	// name in From holds an @, as SMTP2Graph issue 28 reports.
	AtInName bool
	// MessageIDs says what becomes of a Message-ID; default KeptIDs.
	MessageIDs MessageIDs
	// SubmitDate sets Date to the time of sending. By default a mail given as
	// MIME keeps its own; one given as JSON never had any.
	SubmitDate bool
	// SentLag is how long after it was sent a message is nowhere, before the
	// copy appears in Sent Items; default none. FilterLag and PropertyLag begin
	// when it does.
	SentLag time.Duration
	// NewSentID gives the copy in Sent Items another immutable id. By default
	// it has that of the draft, as is documented; microsoft-graph-docs-contrib
	// issue 3767 found it changed.
	NewSentID bool
	// ResendSent sends what was sent once more if it is asked to. By default
	// only a draft can be sent. Microsoft does not document it.
	ResendSent bool
	// MaxRecipients is how many recipients a message may have; default 500, -1
	// is no limit.
	MaxRecipients int
	// DailyRecipients is how many recipients a mailbox may send to in 24 hours;
	// default 10,000, -1 is no limit.
	DailyRecipients int
	// LimitStatus is the status of ErrorExceededMessageLimit; default 429. 403
	// has been seen as well.
	LimitStatus int
	// LimitNDR accepts mail above MaxRecipients and DailyRecipients, and
	// reports to the sender's Inbox that it was not delivered: 5.5.3 and 5.1.90,
	// as Exchange's transport does. By default it is refused at once.
	LimitNDR bool
	// SuppressNDR sends no report about mail whose X-Auto-Response-Suppress
	// covers NDR, as All does. By default reports come all the same.
	SuppressNDR bool
	// MaxMessage is how large a message may be in octets, files included, before
	// anything is encoded; default 35 MB, Exchange Online's own.
	MaxMessage int64
	// MaxRequest is how large the body of a request may be; default 4,000,000.
	// The documentation says 4 MB; 4<<20 is the other reading.
	MaxRequest int
	// MinUpload is the smallest file for an upload session; default 3,000,000.
	// The documentation says 3 MB; 3<<20 is the other reading.
	MinUpload int64
	// UploadBudget is how much one application may send in the bodies of its
	// requests for one mailbox in five minutes; default 150,000,000, the
	// documented number; -1 is no limit. Upload sessions are elsewhere and do
	// not count.
	UploadBudget int64
	// UploadBase is where upload sessions are, such as https://outlook.test:
	// another host than Graph's, in reality. The server must be reached there as
	// well. Default the host that was asked.
	UploadBase string
	// UploadLife is how long an upload session lives; default one hour.
	UploadLife time.Duration
	// UploadExtends makes every fragment extend the session, as the page of
	// uploadSession says. By default the end is fixed when it is made, as "Attach
	// large files to Outlook messages or events" says.
	UploadExtends bool
	// UploadStatus answers GET of an upload URL with what is expected next, as
	// OneDrive does. By default it is refused: Outlook's pages know no such
	// request.
	UploadStatus bool
	// UploadRepeat takes a fragment that an upload session has already, with the
	// same octets, as if it were the next: the answer says what is expected. By
	// default it is refused, as what overlaps. Microsoft documents neither. The
	// last fragment ends the session, so that to repeat that finds none.
	UploadRepeat bool
	// DuplicateFolder is the status for giving a folder a name that is taken;
	// default 409. 400 has been seen as well.
	DuplicateFolder int
}
