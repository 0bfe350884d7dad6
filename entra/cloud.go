package entra

import (
	"cmp"
	"strings"
)

// Cloud is one of Microsoft's clouds: where its people sign in, and the Graph
// that takes their tokens. Those of one cloud are good for nothing in another.
// ("National cloud deployments")
type Cloud struct {
	Login string // root of the login host
	Graph string // root of Microsoft Graph, without a version
	// Resource begins the names of permissions. Default Graph.
	Resource string
}

// Microsoft's clouds. Global serves GCC as well.
var (
	Global = Cloud{Login: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com"}
	// GCCHigh is US Government L4. Its metadata lack upload sessions for files
	// of mail, without which mail above 2.95 MB is not sent.
	GCCHigh = Cloud{Login: "https://login.microsoftonline.us", Graph: "https://graph.microsoft.us"}
	// DoD is US Government L5.
	DoD = Cloud{Login: "https://login.microsoftonline.us", Graph: "https://dod-graph.microsoft.us"}
	// China is operated by 21Vianet. Its metadata lack the colours of categories.
	China = Cloud{Login: "https://login.partner.microsoftonline.cn", Graph: "https://microsoftgraph.chinacloudapi.cn"}
)

// BaseURL is what graph.Options.BaseURL has to be.
func (c Cloud) BaseURL() string { return c.Graph + "/v1.0" }

// permission is the full name of a delegated permission. Those of OpenID Connect
// have no resource.
func (c Cloud) permission(name string) string {
	switch name {
	case "openid", "profile", "email", "offline_access":
		return name
	}
	if strings.Contains(name, "://") {
		return name
	}
	return cmp.Or(c.Resource, c.Graph) + "/" + name
}
