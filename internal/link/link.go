// Package link makes and checks the codes that lead to one deployment of one computer, from its screen to a phone.
//
// A code is a capability: the page that it names needs no token. It holds the computer's id, the deployment's number
// and a MAC of both with a key of the site, in letters and digits that a QR code packs tightly. Nobody makes one
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
)

// letters has neither padding nor small letters.
var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Key makes and checks codes. It never leaves the data folder. The zero Key makes no code and accepts none.
type Key []byte

// ReadKey returns the site's key. The error is fs.ErrNotExist where the folder has none.
func ReadKey(dataDir string) (Key, error) {
	return named(keyfile.Read(filepath.Join(dataDir, keyfile.Links)))
}

// MakeKey is ReadKey, and makes a key where the folder has none.
func MakeKey(dataDir string) (Key, error) {
	return named(keyfile.Make(filepath.Join(dataDir, keyfile.Links)))
}

func named(key []byte, err error) (Key, error) {
	if err != nil {
		return nil, fmt.Errorf("the key of the links on screens: %w", err)
	}
	return key, nil
}

// Code returns the code of a computer's deployment; deployments count from 1. Others have none: "".
func (k Key) Code(computer jobmon.ComputerID, deployment int) string {
	if len(k) == 0 || deployment < 1 {
		return ""
	}
	subject := binary.AppendVarint(nil, int64(computer))
	subject = binary.AppendUvarint(subject, uint64(deployment))
	return letters.EncodeToString(append(subject, k.mac(subject)...))
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

func (k Key) mac(subject []byte) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(purpose))
	h.Write(subject)
	return h.Sum(nil)[:macSize]
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
