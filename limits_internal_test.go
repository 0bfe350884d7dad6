package exdesk

import (
	"bytes"
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

// FuzzLimitHistory: wherever a file breaks off, and whatever half a line or empty
// blocks come after, all that was granted and noted before counts, and no more; and
// what is granted from then on stays within the limit with it. A whole line that
// says nothing is damage.
func FuzzLimitHistory(f *testing.F) {
	f.Add([]byte{0, 4, 1, 8, 0, 2, 3, 7}, uint16(1000), []byte("\x00\x00"))
	f.Add([]byte{0, 0, 0, 1, 5, 2, 200, 204, 3}, uint16(150), []byte(`{"op":"ta`))
	f.Add([]byte{3, 3, 7, 11, 255, 251, 0, 1, 2}, uint16(0), []byte("\n"))
	f.Add([]byte{0, 1, 0, 2, 0, 1}, uint16(65535), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, moves []byte, cut uint16, junk []byte) {
		now := time.Now()
		most := Cost{Messages: 300, Bytes: 3000, Recipients: 600}
		at := now.UnixMilli()
		data := append((&Limiters{}).state(false), '\n')
		whole := []int{len(data)} // where lines end
		spent := []Cost{{}, {}}   // after as many lines; none is a file of nothing
		ended, taken := make(map[int64]bool), make(map[int64]Cost)
		last := int64(0)
		for _, m := range moves[:min(len(moves), 100)] {
			sum, cost := spent[len(spent)-1], Cost{1 + int(m>>2), 10 * int64(m>>2), 1 + int(m>>3)}
			id := last - int64(m>>2)%3
			r := record{ID: id, At: at}
			switch open := id > 0 && !ended[id]; {
			case m%4 == 1 && open:
				r.Op, ended[id] = "done", true
			case m%4 == 2 && open:
				r.Op, ended[id] = "undo", true
				sum = Cost{sum.Messages - taken[id].Messages, sum.Bytes - taken[id].Bytes, sum.Recipients - taken[id].Recipients}
			case m%4 == 3:
				r, sum = record{Op: "spend", Mailbox: "a", Cost: cost.numbers(), At: at}, sum.plus(cost)
			default:
				last++
				taken[last] = cost
				r, sum = record{Op: "take", ID: last, Mailbox: "a", Cost: cost.numbers()}, sum.plus(cost)
			}
			data = append(data, r.line()...)
			whole, spent = append(whole, len(data)), append(spent, sum)
		}
		end := min(int(cut), len(data))
		n := 0 // whole lines
		for n < len(whole) && whole[n] <= end {
			n++
		}
		left := append(data[:end:end], junk...)
		s, records, err := parseFile(left)
		if err != nil {
			require.True(t, n == 0 || len(junk) > 0)
			return
		}
		w := &Windows{Most: most, Per: 24 * time.Hour}
		w.restore(s)
		w.replay(records)
		if !bytes.Contains(junk, []byte("\n")) {
			require.Equal(t, spent[n], w.Used("a"))
		}
		for {
			slot, err := w.Reserve(t.Context(), "a", Cost{7, 70, 9})
			if err != nil {
				break
			}
			slot.Commit()
		}
		used := w.Used("a")
		require.True(t, used.Messages <= max(most.Messages, spent[n].Messages) && used.Bytes <= max(most.Bytes, spent[n].Bytes) && used.Recipients <= max(most.Recipients, spent[n].Recipients) || bytes.Contains(junk, []byte("\n")), "%v", used)
	})
}
