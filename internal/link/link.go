// Package link makes and checks the codes that lead to one deployment of one computer, from its screen to a phone.
//
// A code is a capability: the page that it names needs no token. It holds the computer's id, the deployment's number
// and a MAC of both with the log's key, in letters and digits that a QR code packs tightly. Nobody makes one
// without the key, and nobody reaches another computer or deployment with it. docs/adr/0012 has the reasons.
package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/keyfile"
)

// Lifetime is how long a code outlives its deployment.
const Lifetime = 24 * time.Hour

// Path is where a site's codes are served, below its address. It is in capitals, as a QR code packs capitals in fewer
// bits; the server accepts small letters too.
const Path = "/Q/"

const (
	macSize = 10 // bytes: 80 bits cannot be tried out over a network
	longest = 64 // more letters than any code has
	purpose = "jobmon-db link 1\x00"
	ofALog  = "jobmon-db link, log "
)

// letters has neither padding nor small letters.
var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Key makes and checks the codes of one log. It follows from the site's key, which never leaves the data folder, and
// from the log's id. The zero Key makes no code and accepts none.
type Key []byte

// ReadKey returns the key of the log with that id. The error is fs.ErrNotExist where the folder has no key of the site.
func ReadKey(dataDir, logID string) (Key, error) { return keyOf(keyfile.Read, dataDir, logID) }

// MakeKey is ReadKey, and makes a key of the site where the folder has none.
func MakeKey(dataDir, logID string) (Key, error) { return keyOf(keyfile.Make, dataDir, logID) }

func keyOf(load func(path string) ([]byte, error), dataDir, logID string) (Key, error) {
	site, err := load(filepath.Join(dataDir, keyfile.Links))
	if err != nil {
		return nil, fmt.Errorf("the key of the links on screens: %w", err)
	}
	return digest(site, ofALog, []byte(logID)), nil
}

func digest(key []byte, purpose string, subject []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write(subject)
	return h.Sum(nil)
}

// Code returns the code of a computer's deployment; deployments count from 1. Others have none: "".
func (k Key) Code(computer jobmon.ComputerID, deployment int) string {
	if len(k) == 0 || deployment < 1 {
		return ""
	}
	subject := binary.AppendVarint(nil, int64(computer))
	subject = binary.AppendUvarint(subject, uint64(deployment))
	return letters.EncodeToString(append(subject, digest(k, purpose, subject)[:macSize]...))
}

// Verify returns what a code was made for, in capitals or in small letters; ok is false where this key did not make it.
// How long the comparison takes does not depend on the MAC.
func (k Key) Verify(code string) (computer jobmon.ComputerID, deployment int, ok bool) {
	if len(k) == 0 || len(code) > longest {
		return 0, 0, false
	}
	capitals := strings.Map(capital, code)
	whole, err := letters.DecodeString(capitals)
	id, n := binary.Varint(whole)
	if err != nil || n <= 0 || id < math.MinInt32 || id > math.MaxInt32 {
		return 0, 0, false
	}
	number, m := binary.Uvarint(whole[n:])
	if m <= 0 || number < 1 || number > math.MaxInt32 {
		return 0, 0, false
	}
	computer, deployment = jobmon.ComputerID(id), int(number)
	// the whole code is compared: a number in more bytes than it needs, or a line end inside, is no code of ours
	if !hmac.Equal([]byte(capitals), []byte(k.Code(computer, deployment))) {
		return 0, 0, false
	}
	return computer, deployment, true
}

// capital leaves all but a to z as they are: other letters have capitals in this alphabet too.
func capital(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// Address returns the address of a computer's deployment below the site's own (http.public_url), in capitals.
// It is "" where there is no code.
func (k Key) Address(public string, computer jobmon.ComputerID, deployment int) string {
	code := k.Code(computer, deployment)
	if code == "" || public == "" {
		return ""
	}
	return strings.ToUpper(strings.TrimSuffix(public, "/")) + Path + code
}

// Expired says whether the code of a deployment has expired by now: a day after the deployment ended, and no later than
// a day after the computer's next one began. Both are 0 where that has not happened.
func Expired(ended, next, now jobmon.Instant) bool {
	passed := func(at jobmon.Instant) bool { return at != 0 && now.Sub(at) > Lifetime }
	return passed(ended) || passed(next)
}
