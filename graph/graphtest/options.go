package graphtest

import (
	"net/http"
	"slices"
	"time"
)

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
	// Tenant is the one tenant of the token endpoint; by default every name
	// but common, organizations and consumers is taken.
	Tenant string
	// Scope is the scope that the token endpoint accepts; default
	// https://graph.microsoft.com/.default. The national clouds have others.
	Scope string
	// Permissions are those the application has been granted, such as
	// Mail.ReadWrite; default all that this server knows.
	Permissions []string
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
	// Sent Items. Other filters and lists without one show it. By default it
	// is found at once. Microsoft documents neither.
	FilterLag time.Duration
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
}

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	if v.Mailbox == "" {
		v.Mailbox = "support@contoso.test"
	}
	if v.PageSize <= 0 || v.PageSize > maxTop {
		v.PageSize = maxTop
	}
	if v.EmptyPages == 1 {
		v.EmptyPages = 2
	}
	if v.TokenLife <= 0 {
		v.TokenLife = time.Hour
	}
	if v.Seed == 0 {
		v.Seed = 1
	}
	if v.InFlight == 0 {
		v.InFlight = 4
	}
	if v.Budget == 0 {
		v.Budget = 10_000
	}
	if v.Scope == "" {
		v.Scope = "https://graph.microsoft.com/.default"
	}
	if v.Permissions == nil {
		v.Permissions = allPermissions
	}
	v.Permissions = slices.Clone(v.Permissions)
	if v.DuplicateCategory == 0 {
		v.DuplicateCategory = http.StatusConflict
	}
	return v
}
