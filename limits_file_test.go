package exdesk_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// openLimits opens the file with new windows, and returns the longest of them.
func openLimits(t *testing.T, path string) (*exdesk.LimitFile, *exdesk.Windows) {
	t.Helper()
	l := exdesk.RelayLimits()
	f, err := exdesk.OpenLimits(path, l)
	require.NoError(t, err)
	return f, l[2].(*exdesk.Windows)
}

// crash returns what a process leaves that dies now.
func crash(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	left := filepath.Join(t.TempDir(), "limits")
	require.NoError(t, os.WriteFile(left, data, 0o600))
	return left
}

// What a process left that died while it wrote the file anew does not stay, unless
// somebody may still be writing it.
func TestLimitFileTidies(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "limits")
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"limits.123.new", "limits.456.new", "limits.1", "other.123.new"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
		if name != "limits.456.new" {
			require.NoError(t, os.Chtimes(filepath.Join(dir, name), old, old))
		}
	}
	f, _ := openLimits(t, path)
	require.NoError(t, f.Close())
	var names []string
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"limits", "limits.1", "limits.456.new", "other.123.new"}, names)
}

func TestLimitFile(t *testing.T) {
	for _, closed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "limits")
			f, _ := openLimits(t, path)
			time.Sleep(24 * time.Hour)
			require.NoError(t, take(t, f, one(1, 1)))
			cancelled, err := f.Reserve(t.Context(), box, one(10, 10))
			require.NoError(t, err)
			slow, err := f.Reserve(t.Context(), box, one(100, 100))
			require.NoError(t, err)
			_, err = f.Reserve(t.Context(), box, one(1000, 1000))
			require.NoError(t, err, "and it is never committed")
			time.Sleep(time.Hour)
			cancelled.Cancel()
			cancelled.Commit()
			slow.Commit()
			slow.Cancel()
			f.Spend(box, exdesk.Cost{Recipients: 5000}, time.Now().Add(-5*time.Hour))
			f.Stop("sales@contoso.test", time.Now().Add(3*time.Hour))
			f.Stop("info@contoso.test", time.Now().Add(3*time.Hour))
			f.Stop("info@contoso.test", time.Time{})
			time.Sleep(time.Hour)

			left := path
			if closed {
				require.NoError(t, f.Close())
				require.NoError(t, f.Close())
				require.ErrorIs(t, take(t, f, one(1, 1)), os.ErrClosed)
				slow.Commit()
			} else {
				left = crash(t, path)
			}
			info, err := os.Stat(left)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode())

			again, w := openLimits(t, left)
			require.Equal(t, exdesk.Cost{Messages: 3, Bytes: 1101, Recipients: 6101}, w.Used(box))
			for mailbox, stopped := range map[string]bool{"sales@contoso.test": true, "info@contoso.test": false} {
				_, err = again.Reserve(t.Context(), mailbox, one(1, 1))
				require.Equal(t, stopped, err != nil, mailbox)
			}
			time.Sleep(18*time.Hour - time.Nanosecond)
			require.Equal(t, 6101, w.Used(box).Recipients)
			time.Sleep(time.Nanosecond)
			require.Equal(t, 1101, w.Used(box).Recipients, "it counted from when others had sent it")
			time.Sleep(4 * time.Hour)
			require.Equal(t, 1100, w.Used(box).Recipients, "24 hours after its commit")
			time.Sleep(time.Hour)
			require.Equal(t, 1000, w.Used(box).Recipients)
			time.Sleep(time.Hour + 30*time.Second - time.Nanosecond)
			require.Equal(t, 1000, w.Used(box).Recipients, "it may have been heard after the end of its process")
			time.Sleep(time.Nanosecond)
			require.Zero(t, w.Used(box))
			require.NoError(t, again.Close())

			last, w := openLimits(t, left)
			require.Zero(t, w.Used(box))
			require.NoError(t, last.Close())
		})
	}
}

// Many grants do not make the file grow for ever, and settling is kept across
// its renewal.
func TestLimitFileIsWrittenAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "limits")
		f, _ := openLimits(t, path)
		late, err := f.Reserve(t.Context(), box, one(1, 7))
		require.NoError(t, err)
		largest := int64(0)
		for range 300 {
			for range 10 {
				slot, err := f.Reserve(t.Context(), "sales@contoso.test", one(1, 1))
				require.NoError(t, err)
				slot.Commit()
			}
			time.Sleep(time.Minute)
			info, err := os.Stat(path)
			require.NoError(t, err)
			largest = max(largest, info.Size())
		}
		late.Commit()
		require.Less(t, largest, int64(300<<10))
		left, w := openLimits(t, crash(t, path))
		require.Equal(t, 7, w.Used(box).Recipients)
		require.Equal(t, 3000, w.Used("sales@contoso.test").Recipients)
		require.NoError(t, left.Close())
		require.NoError(t, f.Close())
		files, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, files, 1, "nothing is left behind")
	})
}

func TestLimitFileDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits")
	f, _ := openLimits(t, path)
	require.NoError(t, take(t, f, one(1, 1)))
	require.NoError(t, take(t, f, one(1, 1)))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	lines := strings.SplitAfter(string(good), "\n")
	require.Len(t, lines, 6)
	for _, c := range []struct{ data, says string }{
		{"not limits\n", "line 1"},
		{`{"exdesk":"tokens"}`, "line 1"},
		{lines[0][1:] + lines[1], "line 1"},
		{lines[0] + lines[1] + "{}\n" + lines[2], "line 3"},
		{lines[0] + lines[1] + lines[2][:20] + lines[3] + lines[4], "line 3"},
		{lines[0] + lines[2] + lines[1], "line 2"},
		{lines[0] + lines[1] + lines[1], "line 3"},
		{lines[0] + strings.Replace(lines[1], "[1,1,1]", "[1,1]", 1), "line 2"},
		{lines[0] + strings.Replace(lines[1], "[1,1,1]", "[1,-1,1]", 1), "line 2"},
	} {
		require.NoError(t, os.WriteFile(path, []byte(c.data), 0o600))
		_, err := exdesk.OpenLimits(path, exdesk.RelayLimits())
		require.ErrorContains(t, err, "exdesk: the limits in "+path+" are damaged: "+c.says)
		require.ErrorContains(t, err, "put a backup in its place; or remove the file, and what was sent in the last 24h0m0s is forgotten unless Spend is told")
		now, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, c.data, string(now), "it stays as it is")
	}
	for n := range len(lines[4]) { // the power fails while the last line goes to the disk
		require.NoError(t, os.WriteFile(path, append(good[:len(good)-n-1:len(good)], make([]byte, n%3)...), 0o600))
		f, w := openLimits(t, path)
		require.Equal(t, 2, w.Used(box).Messages)
		require.NoError(t, f.Close())
	}
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	f, _ = openLimits(t, path)
	require.NoError(t, f.Close())
	_, err = exdesk.OpenLimits(filepath.Join(path, "limits"), exdesk.RelayLimits())
	require.ErrorContains(t, err, "exdesk: opening the limits: ")
	_, err = exdesk.OpenLimits(filepath.Join(t.TempDir(), "no", "limits"), exdesk.RelayLimits())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestLimitFileOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limits")
	old, was := openLimits(t, path)
	slot, err := old.Reserve(t.Context(), box, one(1, 5))
	require.NoError(t, err)
	renewed, w := openLimits(t, path)
	require.Equal(t, 5, w.Used(box).Recipients, "what it has granted is taken over")
	require.NoError(t, take(t, renewed, one(1, 1)))
	err = take(t, old, one(1, 3))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.ErrorContains(t, err, "another process keeps its limits in "+path+" now")
	require.Equal(t, 5, was.Used(box).Recipients)
	slot.Commit()
	require.ErrorContains(t, old.Close(), "another process")
	require.NoError(t, renewed.Close())
	last, w := openLimits(t, path)
	require.Equal(t, 6, w.Used(box).Recipients)
	require.NoError(t, last.Close())
}

func TestLimitFileThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disk")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "limits")
	f, w := openLimits(t, path)
	require.NoError(t, take(t, f, one(1, 1)))
	open, err := f.Reserve(t.Context(), box, one(1, 2))
	require.NoError(t, err)
	require.NoError(t, os.Rename(dir, dir+" is gone"))
	err = take(t, f, one(1, 4))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, 3, w.Used(box).Recipients, "nothing is granted that cannot be kept")
	open.Commit()
	f.Spend(box, exdesk.Cost{Recipients: 8}, time.Now())
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, take(t, f, one(1, 16)))
	_, w = openLimits(t, crash(t, path))
	require.Equal(t, 27, w.Used(box).Recipients, "and when it can be written, everything is kept")
	require.NoError(t, f.Close())
}

func TestLimitFileAmongOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := openLimits(t, filepath.Join(t.TempDir(), "limits"))
		w := &exdesk.Windows{Most: exdesk.Cost{Messages: 1}, Per: time.Minute}
		l := exdesk.Limiters{f, w}
		require.NoError(t, take(t, l, one(45_000_000, 1)))
		refused(t, l, one(6_000_000, 1), "50000000 bytes in 5m0s", 5*time.Minute)
		time.Sleep(time.Minute)
		refused(t, l, one(6_000_000, 1), "50000000 bytes in 5m0s", 4*time.Minute)
		require.Zero(t, w.Used(box))
		l.Stop(box, time.Now().Add(time.Hour))
		refused(t, f, one(1, 1), "the server itself", time.Hour)
		l.Spend(box, exdesk.Cost{Recipients: 9_999}, time.Now())
		refused(t, l, one(1, 1), "10000 recipients in 24h0m0s", 24*time.Hour-time.Minute)
		require.NoError(t, f.Close())
	})
}

func TestLimitFileWaitsNoLongerThanAsked(t *testing.T) {
	f, w := openLimits(t, filepath.Join(t.TempDir(), "limits"))
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	for range 100 { // the turn may be free
		slot, err := f.Reserve(ctx, box, exdesk.Cost{Recipients: 1})
		if err == nil {
			slot.Cancel()
		} else {
			require.ErrorIs(t, err, enough)
		}
	}
	require.Zero(t, w.Used(box))
	require.NoError(t, f.Close())
}

// A process that is killed while it works leaves all that it was granted.
func TestLimitFileSurvivesKill(t *testing.T) {
	const child = "EXDESK_LIMIT_FILE"
	limits := &exdesk.Windows{Most: exdesk.Cost{Messages: 1 << 30}, Per: time.Hour}
	if path := os.Getenv(child); path != "" {
		f, err := exdesk.OpenLimits(path, limits)
		require.NoError(t, err)
		for i := 0; ; i++ {
			slot, err := f.Reserve(context.Background(), box, exdesk.Cost{Messages: 1})
			require.NoError(t, err)
			_, _ = os.Stdout.WriteString("granted\n")
			if i%3 > 0 {
				slot.Commit()
			}
		}
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "limits")
	heard := 0
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestLimitFileSurvivesKill$")
		cmd.Env = append(os.Environ(), child+"="+path)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewReader(out)
		for n := 0; ; n++ {
			line, err := lines.ReadString('\n')
			if err != nil {
				break
			}
			require.Equal(t, "granted\n", line)
			heard++
			if n == 1000*(round+1)+round*round {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait())
	}
	f, err := exdesk.OpenLimits(path, limits)
	require.NoError(t, err)
	used := limits.Used(box).Messages
	require.GreaterOrEqual(t, used, heard)
	require.LessOrEqual(t, used, heard+3, "at most one grant of each process was not heard of")
	require.NoError(t, f.Close())
}

func BenchmarkLimitFile(b *testing.B) {
	limits := &exdesk.Windows{Most: exdesk.Cost{Messages: 1 << 40}, Per: 24 * time.Hour}
	f, err := exdesk.OpenLimits(filepath.Join(b.TempDir(), "limits"), limits)
	require.NoError(b, err)
	for b.Loop() {
		slot, err := f.Reserve(b.Context(), box, exdesk.Cost{Messages: 1})
		if err != nil {
			b.Fatal(err)
		}
		slot.Commit()
	}
	require.NoError(b, f.Close())
}

func BenchmarkRelayLimits(b *testing.B) {
	line := &exdesk.Line{Limiter: exdesk.RelayLimits()}
	boxes := make([]string, 1000)
	for i := range boxes {
		boxes[i] = fmt.Sprintf("box%d@contoso.test", i)
	}
	for i := 0; b.Loop(); i++ {
		slot, err := line.Reserve(b.Context(), boxes[i%1000], exdesk.Cost{Bytes: 1})
		if err != nil {
			b.Fatal(err)
		}
		slot.Cancel()
	}
}

func ExampleOpenLimits() {
	dir, _ := os.MkdirTemp("", "exdesk")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "relay.limits")

	limits, err := exdesk.OpenLimits(path, exdesk.RelayLimits())
	if err != nil {
		fmt.Println(err) // and it says what to do
		return
	}
	slot, _ := limits.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 10, Recipients: 10})
	slot.Commit()
	limits.Close()

	limits, _ = exdesk.OpenLimits(path, exdesk.RelayLimits()) // the next process
	_, err = limits.Reserve(context.Background(), "support@contoso.com", exdesk.Cost{Messages: 1})
	var limit *exdesk.LimitError
	if errors.As(err, &limit) {
		fmt.Println("the limit of", limit.Limit, "is reached")
	}
	// Output: the limit of 10 messages in 1m0s is reached
}
