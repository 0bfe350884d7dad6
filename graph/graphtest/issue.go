package graphtest

import (
	"slices"
	"time"
)

// Issue is one answer of the token endpoint that granted something.
type Issue struct {
	Grant  string    // grant_type
	User   string    // who signed in, "" for the application itself
	Scopes []string  // permissions of the access token, as Graph writes them
	Auth   string    // how the application proved who it is: client_secret_post, client_secret_basic, private_key_jwt, federated, none
	Reused bool      // it was had for a refresh token that was used before
	At     time.Time // on the server's clock
}

// Issued returns what the token endpoint granted, in order, the last 10,000 at
// most. Token and TokenFor are not among it.
func (s *Server) Issued() []Issue {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	return slices.Clone(s.entra.issued)
}

// RefreshReuses returns how often a refresh token was shown that had been used
// before, with whatever outcome. A program that keeps each new one does so only
// where an answer was lost.
func (s *Server) RefreshReuses() int {
	s.entra.mu.Lock()
	defer s.entra.mu.Unlock()
	return s.entra.reuses
}
