package samples

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk/internal/eml"
)

// The figures of two runs can be compared only if the mails were the same.
func TestMail(t *testing.T) {
	type content struct {
		octets int
		digest string
		leaves []int64
	}
	for name, want := range map[string]content{
		"3KB":  {3217, "abca24134561a7f7", []int64{1652}},
		"60KB": {60151, "638426f0f7a9842f", []int64{6002, 25262, 8800, 8800}},
		"5MB":  {5258180, "37223cab14bacecf", []int64{1200, 1280000, 1280000, 1280000}},
		"50MB": {51659185, "09260277ba641d48", []int64{1200, 36 << 20}},
	} {
		t.Run(name, func(t *testing.T) {
			mail := Mail(name, 1, Epoch)
			sum := sha256.Sum256(mail)
			got := content{octets: len(mail), digest: hex.EncodeToString(sum[:8])}
			images := 0
			r := eml.NewReader(bytes.NewReader(mail), nil)
			for {
				part, err := r.Next()
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				if part.Disposition == "inline" {
					images++
					require.Equal(t, fmt.Sprintf("image%03d@contoso.example", images), part.ContentID, "which the text shows")
				}
				n, err := io.Copy(io.Discard, part)
				require.NoError(t, err)
				got.leaves = append(got.leaves, n)
			}
			require.Empty(t, r.Repairs())
			require.Equal(t, want, got)
		})
	}
}
