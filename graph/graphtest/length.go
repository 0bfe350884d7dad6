package graphtest

import "net/http"

// lengthMissing tells whether a write says nothing of its length. "Content-Length:
// 0. Required." ("message: send"): a request without a body needs it too. Go's
// own client sends it.
func lengthMissing(r *http.Request) bool {
	write := r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch
	// Only where there is a connection, over which it could have come.
	return write && r.Context().Value(http.ServerContextKey) != nil && r.ProtoMajor == 1 &&
		r.Header.Get("Content-Length") == "" && len(r.TransferEncoding) == 0
}

// refuseLength answers as the web server in front of Graph does, which knows
// nothing of JSON (graph-rs-sdk issue 524).
func refuseLength(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=us-ascii")
	w.WriteHeader(http.StatusLengthRequired)
	_, _ = w.Write([]byte("<HTML><HEAD><TITLE>Length Required</TITLE></HEAD>\r\n<BODY><h2>Length Required</h2>\r\n" +
		"<hr><p>HTTP Error 411. The request must be chunked or have a content length.</p>\r\n</BODY></HTML>\r\n"))
}
