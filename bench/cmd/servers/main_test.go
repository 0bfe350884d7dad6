package main

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/bench/internal/servers"
)

func TestServe(t *testing.T) {
	in, quit := io.Pipe()
	out, say := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(in, say) }()
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	at, err := servers.At(strings.TrimSpace(url)).Reset(servers.Setup{})
	require.NoError(t, err)
	require.Equal(t, "support@contoso.test", at.Mailbox)
	require.NoError(t, quit.Close())
	require.NoError(t, <-ended)
}
