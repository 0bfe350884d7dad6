package exdesk

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// After a line that did not get to its end, nothing is appended.
func TestLimitFileAfterHalfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits")
	w := &Windows{Per: time.Hour}
	f, err := OpenLimits(path, w)
	require.NoError(t, err)
	fail := func() {
		_, err := f.file.WriteString(`{"op":"do`)
		require.NoError(t, err)
		require.NoError(t, f.file.Close())
		f.file, err = os.Open(path) // cannot be written
		require.NoError(t, err)
	}
	kept := func() int {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		left := filepath.Join(t.TempDir(), "left")
		require.NoError(t, os.WriteFile(left, data, 0o600))
		again := &Windows{Per: time.Hour}
		f, err := OpenLimits(left, again)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return again.Used("a").Messages
	}
	slot, err := f.Reserve(t.Context(), "a", Cost{Messages: 1})
	require.NoError(t, err)
	fail()
	slot.Commit()
	require.Nil(t, f.file)
	require.Equal(t, 1, kept())
	f.Spend("a", Cost{Messages: 2}, time.Now())
	slot, err = f.Reserve(t.Context(), "a", Cost{Messages: 4})
	require.NoError(t, err)
	require.Equal(t, 7, kept())
	fail()
	_, err = f.Reserve(t.Context(), "a", Cost{Messages: 8})
	require.NoError(t, err)
	slot.Cancel()
	require.Equal(t, 11, kept())
	require.NoError(t, f.Close())
}

// Whatever is in a file, it is read or refused, and what was read is what is
// written.
func FuzzLimitFile(f *testing.F) {
	for _, s := range []string{
		`{"exdesk":"limits","version":1,"saved":946684800000,"windows":[{"per":"24h0m0s","mailboxes":{"a":{"spent":[[946684800000,1,2,3]],"stop":946684900000}}}]}` + "\n" +
			`{"op":"take","id":1,"mailbox":"a","cost":[1,1,1]}` + "\n" + `{"op":"done","id":1,"at":946684800000}` + "\n" +
			`{"op":"take","id":2,"mailbox":"a","cost":[1,1,1]}` + "\n" + `{"op":"undo","id":2}` + "\n" +
			`{"op":"take","id":3,"mailbox":"a","cost":[1,1,1]}` + "\n" + `{"op":"spend","mailbox":"b","cost":[1,1,1],"at":946684800000}` + "\n" +
			`{"op":"stop","mailbox":"b","at":946684800000,"until":946684900000}` + "\n" + `{"op":"stop","mailbox":"b"}` + "\n" + `{"op":"ta`,
		"", "{}", "\x00\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, records, err := parseFile(data)
		if err != nil {
			return
		}
		w := &Windows{Most: Cost{Messages: 100, Bytes: 1000, Recipients: 100}, Per: 24 * time.Hour}
		w.restore(s)
		w.replay(records)
		again := &Windows{Most: w.Most, Per: w.Per}
		require.NoError(t, again.Restore(w.State()))
		for name, b := range w.mailboxes {
			used := b.used()
			require.GreaterOrEqual(t, min(int64(used.Messages), used.Bytes, int64(used.Recipients)), int64(0))
			require.Equal(t, used, again.Used(name))
		}
	})
}
