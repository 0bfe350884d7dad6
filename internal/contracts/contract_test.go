package contracts_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/corpus"
)

// contract is what one service may be asked and how it answers.
type contract struct {
	doc        *openapi3.T
	root       string // that a request's path begins with, before those of the document
	odata      bool   // members may be annotated as OData JSON 4.0 §4.5 says
	operations []*operation
}

// operation is one request of a contract.
type operation struct {
	*openapi3.Operation
	method string
	path   []string // elements; {name} is any
	params openapi3.Parameters
}

var (
	graphContract = sync.OnceValues(func() (*contract, error) {
		return load(filepath.Join(os.Getenv(corpus.Variable), "contracts", "graph-mail-openapi.yaml"), "/v1.0", true)
	})
	zendeskContract = sync.OnceValues(func() (*contract, error) {
		return load(filepath.Join(os.Getenv(corpus.Variable), "contracts", "zendesk-support-openapi.yaml"), "", false)
	})
)

// contracts returns both, or skips the test where there are none.
func contracts(t *testing.T) (graph, zendesk *contract) {
	t.Helper()
	if os.Getenv(corpus.Variable) == "" {
		t.Skip(corpus.Variable + " does not name the folder with the contracts")
	}
	graph, err := graphContract()
	require.NoError(t, err)
	zendesk, err = zendeskContract()
	require.NoError(t, err)
	return graph, zendesk
}

func load(file, root string, odata bool) (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, err
	}
	return newContract(doc, root, odata), nil
}

func newContract(doc *openapi3.T, root string, odata bool) *contract {
	c := &contract{doc: doc, root: root, odata: odata}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.operations = append(c.operations, &operation{Operation: op, method: method,
				path: strings.Split(path, "/"), params: append(slices.Clone(item.Parameters), op.Parameters...)})
		}
	}
	// A name goes before what may be anything: show_many is no ticket's number.
	slices.SortFunc(c.operations, func(a, b *operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	slices.SortStableFunc(c.operations, func(a, b *operation) int { return a.variables() - b.variables() })
	return c
}

func (o *operation) variables() int {
	return strings.Count(strings.Join(o.path, "/"), "{")
}

// find returns the operation of a request and what its path says; nil if the
// contract has none. Names are compared octet by octet.
func (c *contract) find(method string, u *url.URL) (*operation, map[string]string) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), c.root)
	if !ok {
		return nil, nil
	}
	elements := strings.Split(rest, "/")
	for _, op := range c.operations {
		if vars, ok := op.match(elements); ok && op.method == method {
			return op, vars
		}
	}
	return nil, nil
}

func (o *operation) match(elements []string) (map[string]string, bool) {
	if len(elements) != len(o.path) {
		return nil, false
	}
	vars := make(map[string]string)
	for i, want := range o.path {
		is, err := url.PathUnescape(elements[i])
		switch {
		case err != nil:
			return nil, false
		case strings.HasPrefix(want, "{") && is != "":
			vars[strings.Trim(want, "{}")] = is
		case is != want:
			return nil, false
		}
	}
	return vars, true
}
