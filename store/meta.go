package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Versions of what is in the file beyond the frames and blocks, which have versions of their own. 1 had frames alone.
// What a log holds decides which one it has: a log that was never cut off can be read by a program that knows no cuts.
const (
	fileFormat   = 2
	cutFormat    = 3 // begins with events that stand for what was cut off
	newestFormat = cutFormat
)

// Names inside the bbolt file.
const (
	bucketMeta   = "meta"
	bucketTail   = "tail"   // first sequence number (8 bytes, big endian) -> frame; the newest events
	bucketBlocks = "blocks" // first sequence number -> block; all events before the tail. Not there until one is sealed
	bucketCaches = "caches" // name -> cache. The same
	keyLog       = "log"    // in meta: the CRC-32C of the rest (4 bytes, little endian) and the meta record as JSON
)

// meta is what a log says of itself. Fields that a reader does not know are ignored.
type meta struct {
	Format  int            `json:"format"` // version that wrote the file last
	Reader  int            `json:"reader"` // oldest version that can read it
	ID      string         `json:"id"`     // 128 random bits in hex: which log this is, for ever
	Site    string         `json:"site"`
	Created jobmon.Instant `json:"created"` // by this computer's clock
	First   uint64         `json:"first"`   // sequence number of the first event, unless it was skipped
	Chain   uint32         `json:"chain"`   // what the first frame gives as its predecessor's CRC

	// Replaces are the generations that this one was compacted from: the next writer removes them. Next is the least
	// sequence number of what is appended next, where a log that was replaced has given those before it.
	Replaces []string `json:"replaces,omitempty"`
	Next     uint64   `json:"next,omitempty"`

	// Cut is where history was cut off: what is before it stands for what was there.
	Cut uint64 `json:"cut,omitempty"`
}

// newMeta is the meta record of a new log. Its frames are chained to its id, so that a frame of another log in it
// does not go unnoticed.
func newMeta(site string) meta {
	id := make([]byte, 16)
	rand.Read(id) // never fails: the program ends when there is no randomness
	return meta{
		Format: fileFormat, Reader: fileFormat, ID: hex.EncodeToString(id), Site: site,
		Created: jobmon.InstantOf(time.Now()), First: 1, Chain: checksum(0, id),
	}
}

func (m *meta) encode() ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding what a log says of itself: %w", err)
	}
	return append(binary.LittleEndian.AppendUint32(nil, checksum(0, text)), text...), nil
}

// readMeta reads and checks the meta record. It has the same checks for every opening, also by a reader that opens
// the file again for each page. path is for the errors.
func readMeta(tx *bolt.Tx, path string, toWrite bool) (meta, error) {
	bucket := tx.Bucket([]byte(bucketMeta))
	if bucket == nil {
		return meta{}, errForeignFile(path, "it holds another program's data")
	}
	m, err := decodeMeta(bucket.Get([]byte(keyLog)), path)
	if err != nil {
		return m, err
	}
	if toWrite && m.Format > newestFormat {
		return m, errNewerFile(path, m.Format)
	}
	if tx.Bucket([]byte(bucketTail)) == nil {
		return m, misfit(path, "what it says of itself makes no sense")
	}
	return m, nil
}

// decodeMeta takes a meta record apart.
func decodeMeta(record []byte, path string) (m meta, err error) {
	if len(record) < metaSumLen {
		return m, errForeignFile(path, "it does not say whose it is")
	}
	m, why := parseMeta(record)
	if why != "" {
		return m, misfit(path, why)
	}
	if m.Reader > newestFormat {
		return m, errNewerFile(path, m.Format)
	}
	if !m.sane() {
		return m, misfit(path, "what it says of itself makes no sense")
	}
	return m, nil
}

// sane says whether the sequence numbers can be a log's.
func (m *meta) sane() bool {
	return m.First > 0 && m.First <= jobmon.MaxSeq && m.Next <= jobmon.MaxSeq+1 && m.Cut <= jobmon.MaxSeq+1
}

// metaSumLen is the length of the checksum before a meta record.
const metaSumLen = 4

// parseMeta decodes a meta record; why says what is wrong with it.
func parseMeta(record []byte) (m meta, why string) {
	if len(record) < metaSumLen || checksum(0, record[metaSumLen:]) != binary.LittleEndian.Uint32(record) {
		return m, "what it says of itself has a wrong checksum"
	}
	if err := json.Unmarshal(record[metaSumLen:], &m); err != nil {
		return m, "what it says of itself cannot be read"
	}
	return m, ""
}

func errNewerFile(path string, format int) error {
	return sentence(ErrNewer, path, "%s was written by a newer version of jobmon-db (format %d, this one knows %d): install that version", path, format, newestFormat)
}

func errForeignFile(path, why string) error {
	return sentence(ErrNotOurs, path, "%s is not a log of jobmon-db: %s: name the folder of the log as data_dir, or an empty one", path, why)
}

// cutAt says that history before that event was cut off.
func (m *meta) cutAt(seq uint64) { m.Format, m.Reader, m.Cut = cutFormat, cutFormat, seq }

// raise says that the file is of the format that a log has at least.
func (m *meta) raise() { m.Format, m.Reader = max(m.Format, fileFormat), max(m.Reader, fileFormat) }

// blockSeed is what the log's first block gives as the SHA-256 of the block before it.
func (m *meta) blockSeed() [sha256.Size]byte { return sha256.Sum256([]byte(m.ID)) }

// seqKey is the key of the frame or block that begins with seq.
func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func keySeq(key []byte) (uint64, bool) {
	if len(key) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key), true
}
