package rest

import (
	"net/http"
	"sync"
	"time"
)

// mostIdle is how many connections to one host are kept for the next request,
// for a minute and a half, with 128 KiB of buffers each. One that has to be made
// anew costs as much as nine requests.
const mostIdle = 32

// Transport returns the transport of every client that was given none: many
// mailboxes need few connections between them.
var Transport = sync.OnceValue(NewTransport)

// NewTransport returns a transport for large bodies: with the 4 KiB buffers
// of the default, a 50 MB mail costs ten times the system calls. It speaks
// HTTP/1.1 alone: a mailbox has four requests under way at most, which HTTP/2
// would not speed up, and a large mail takes Go's HTTP/2 client twice the time of
// the processor.
func NewTransport() *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second}
	if d, ok := http.DefaultTransport.(*http.Transport); ok { // programs put their own there
		t = d.Clone()
	}
	t.ReadBufferSize, t.WriteBufferSize = 64<<10, 64<<10
	t.MaxIdleConnsPerHost, t.IdleConnTimeout = mostIdle, 90*time.Second
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	// A transport that was used before, as the default one may have been, offers
	// HTTP/2 in its TLS handshake, and its clone would, too.
	t.ForceAttemptHTTP2, t.TLSNextProto = false, nil
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = nil
	}
	return t
}
