package settings

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/exdesk/exdesk/entra"
)

// Access is who opens the mailbox.
type Access string

const (
	Person      Access = "person"
	Shared      Access = "shared"
	Application Access = "application"
)

// Settings are how a mailbox and a Zendesk account are connected.
type Settings struct {
	Mailbox string
	Access  Access
	Sends   bool // mail is to leave through the mailbox as well

	tenant, clientID string
	credential       entra.Credential // nil of a public client
	cloud            entra.Cloud
	outOfReach       string // another mailbox

	zendesk             string // subdomain
	zendeskURL          string // "" is the real one
	zendeskID           string // of the OAuth client
	zendeskSecret       string
	zendeskEmail        string // or the old way
	zendeskToken        string
	store, key, keyPath string
}

var (
	clouds = map[string]entra.Cloud{"global": entra.Global, "gcchigh": entra.GCCHigh, "dod": entra.DoD, "china": entra.China}
	// addresses is what is certainly none kept out; the services know better.
	addresses = regexp.MustCompile(`^[^\s@<>,;"]+@[^\s@<>,;"]+$`)
)

// Settings reads what the programs share, and the files that it names. The error
// tells all that is wrong with the Environment, and no secret.
func (e *Environment) Settings() (*Settings, error) {
	s := e.mailbox()
	s.readZendesk(e)
	return s, e.Err()
}

// WithoutDesk is Settings for a program that has nothing to do with Zendesk.
func (e *Environment) WithoutDesk() (*Settings, error) {
	s := e.mailbox()
	return s, e.Err()
}

func (e *Environment) mailbox() *Settings {
	// In small letters, as package consent names what it keeps.
	s := &Settings{Mailbox: strings.ToLower(e.Need("EXDESK_MAILBOX", "the mailbox's address"))}
	if s.Mailbox != "" && !addresses.MatchString(s.Mailbox) {
		e.Wrong("EXDESK_MAILBOX", "it is not an address: give one such as support@contoso.com")
	}
	s.Access = Access(e.One("EXDESK_ACCESS", string(Person), string(Shared), string(Application)))
	s.outOfReach = e.Get("EXDESK_OUT_OF_REACH")
	if s.outOfReach != "" && (!addresses.MatchString(s.outOfReach) || strings.EqualFold(s.outOfReach, s.Mailbox)) {
		e.Wrong("EXDESK_OUT_OF_REACH", "it is not the address of another mailbox")
	}
	s.Sends = e.One("EXDESK_SEND", "no", "yes") == "yes"
	s.readEntra(e)
	if s.Access != Application {
		s.store = e.Need("EXDESK_STORE", "a directory of its own, which keeps the sign-in sealed")
		s.readKey(e)
	}
	return s
}

func (s *Settings) readEntra(e *Environment) {
	s.tenant = e.Need("EXDESK_TENANT", "the id or a domain of the tenant")
	s.clientID = e.Need("EXDESK_CLIENT_ID", "the Application (client) ID of the registration in Entra")
	s.cloud = clouds[e.One("EXDESK_CLOUD", "global", "gcchigh", "dod", "china")]
	s.cloud.Resource = s.cloud.Graph // the names of permissions stay, whoever is asked
	if base := e.URL("EXDESK_GRAPH_URL"); base != "" {
		s.cloud.Graph = strings.TrimSuffix(base, "/v1.0")
	}
	if base := e.URL("EXDESK_LOGIN_URL"); base != "" {
		s.cloud.Login = base
	}
	var given []string
	if secret := e.Secret("EXDESK_CLIENT_SECRET"); secret != "" {
		given, s.credential = append(given, "EXDESK_CLIENT_SECRET"), entra.Secret(secret)
	}
	if pem := e.Secret("EXDESK_CLIENT_CERTIFICATE"); pem != "" {
		given = append(given, "EXDESK_CLIENT_CERTIFICATE")
		cert, err := entra.ParseCertificate([]byte(pem))
		if s.credential = cert; err != nil {
			e.Wrong("EXDESK_CLIENT_CERTIFICATE", err.Error())
		}
	}
	if path := e.Get("EXDESK_FEDERATED_TOKEN_FILE"); path != "" {
		given, s.credential = append(given, "EXDESK_FEDERATED_TOKEN_FILE"), entra.FederatedFile(path)
	}
	switch {
	case len(given) > 1:
		e.Wrong(given[0], "it is set and so is "+given[1]+": the application proves itself by one; take the other away")
	case len(given) == 0 && s.Access == Application:
		e.Wrong("EXDESK_CLIENT_SECRET", "it is not set, nor EXDESK_CLIENT_CERTIFICATE or EXDESK_FEDERATED_TOKEN_FILE: an application that opens a mailbox by itself needs one of them")
	}
}

func (s *Settings) readZendesk(e *Environment) {
	name := e.Need("EXDESK_ZENDESK", "the account: acme for acme.zendesk.com")
	s.zendeskURL = e.URL("EXDESK_ZENDESK_URL")
	if u, err := url.Parse(name); err == nil && u.Host != "" {
		name = u.Hostname()
	}
	s.zendesk = strings.TrimSuffix(name, ".zendesk.com")
	s.zendeskID, s.zendeskSecret = e.Get("EXDESK_ZENDESK_CLIENT_ID"), e.Secret("EXDESK_ZENDESK_CLIENT_SECRET")
	s.zendeskEmail, s.zendeskToken = e.Get("EXDESK_ZENDESK_EMAIL"), e.Secret("EXDESK_ZENDESK_API_TOKEN")
	client, old := s.zendeskID != "" || s.zendeskSecret != "", s.zendeskEmail != "" || s.zendeskToken != ""
	switch {
	case e.Failed("EXDESK_ZENDESK_CLIENT_SECRET"), e.Failed("EXDESK_ZENDESK_API_TOKEN"):
	case client && old:
		e.Wrong("EXDESK_ZENDESK_EMAIL", "it or EXDESK_ZENDESK_API_TOKEN is set beside an OAuth client: take them away")
	case old && s.zendeskEmail == "":
		e.Wrong("EXDESK_ZENDESK_EMAIL", "it is not set: give the address of the agent whom EXDESK_ZENDESK_API_TOKEN acts as")
	case old && s.zendeskToken == "":
		e.Wrong("EXDESK_ZENDESK_API_TOKEN", "it is not set: give the token that EXDESK_ZENDESK_EMAIL goes with")
	case !old && s.zendeskID == "":
		e.Wrong("EXDESK_ZENDESK_CLIENT_ID", "it is not set: give the identifier of the OAuth client, of Admin Center, Apps and integrations, APIs, OAuth clients")
	case !old && s.zendeskSecret == "":
		e.Wrong("EXDESK_ZENDESK_CLIENT_SECRET", "it is not set: give the secret of the OAuth client")
	}
}

// errNoStore is what an application that opens mailboxes by itself has.
var errNoStore = errors.New("with EXDESK_ACCESS=application there is no sign-in to keep")
