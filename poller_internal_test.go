package exdesk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nobody is a Desk that is asked nothing.
type nobody struct{ Desk }

// Who finds a Connector's place in a Poller, as Remove and Wake do, finds it
// waiting there.
func TestPollerAddsAtOnce(t *testing.T) {
	var p Poller
	c, err := New(home{}, nobody{}, nil)
	require.NoError(t, err)
	p.mu.Lock() // by whom the Poller is busy
	added := make(chan error)
	go func() { added <- p.Add(c) }()
	time.Sleep(20 * time.Millisecond)
	c.mu.Lock()
	early := c.poll != nil
	c.mu.Unlock()
	p.mu.Unlock()
	require.NoError(t, <-added)
	require.False(t, early)
	p.Remove(c)
	require.NoError(t, p.Add(c))
}
