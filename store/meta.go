package store

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Versions of what is in the file beyond the frames and blocks, which have versions of their own. Logs and backups of
// fieldFormat came from trials in the field: they are read and written to, and every copy has the present format. 1,
// which had frames alone, and 3, of logs that were cut off, are refused.
const (
	format      = 4
	fieldFormat = 2
)

// Names inside the bbolt file.
const (
	bucketMeta   = "meta"
	bucketTail   = "tail"   // first sequence number (8 bytes, big endian) -> frame; the newest events
	bucketBlocks = "blocks" // first sequence number -> block; all events before the tail. Absent until one is sealed
	bucketCaches = "caches" // name -> cache. Absent until one is kept
	keyLog       = "log"    // in meta: the CRC-32C of the rest (4 bytes, little endian) and the meta record as JSON
)

// meta describes a log. Readers ignore fields that they do not know.
type meta struct {
	Format  int            `json:"format"`
	ID      string         `json:"id"` // 128 random bits in hex: which log this is, for ever
	Site    string         `json:"site"`
	Created jobmon.Instant `json:"created"` // by this computer's clock
	First   uint64         `json:"first"`   // sequence number of the first event, unless it was skipped

	// Replaces are the generations that this one was compacted from: the next writer removes them. Next is the least
	// sequence number of what is appended next, where a log that was replaced has given those before it.
	Replaces []string `json:"replaces,omitempty"`
	Next     uint64   `json:"next,omitempty"`

	// Cut is where history was cut off: what is before it stands for what was there.
	Cut uint64 `json:"cut,omitempty"`

	Seams []seam `json:"seams,omitempty"` // ascending
}

// seam is a place where parts of a log were joined that did not follow one another before: history was cut off there,
// or what was between them could not be carried over from a damaged file.
type seam struct {
	Seq  uint64 `json:"seq"`            // what is behind it begins here
	Lost uint64 `json:"lost,omitempty"` // so many sequence numbers before it are not in the log
}

// newMeta is the meta record of a new log. Its frames are chained to its id, so that a frame of another log in it
// does not go unnoticed.
func newMeta(site string) meta {
	id := make([]byte, 16)
	rand.Read(id) // never fails: the program ends when there is no randomness
	return meta{
		Format: format, ID: hex.EncodeToString(id), Site: site, Created: jobmon.InstantOf(time.Now()), First: 1,
	}
}

// take gives the record the id of the log that it copies. path is for the error.
func (m *meta) take(id, path string) error {
	if raw, bad := hex.DecodeString(id); bad != nil || len(raw) != 16 {
		return sentence(ErrInvalid, path, "%q is no id of a log, which has 32 hex digits", id)
	}
	m.ID = id
	return nil
}

// begin records that the log begins with this batch. Where history was cut off the batch stands for it; otherwise the
// numbers before it were skipped.
func (m *meta) begin(b *jobmon.Batch) {
	if b.Events[0].Kind == jobmon.KindCut {
		m.First, m.Cut = b.First(), b.Last()+1
	}
}

// chain is what the log's first frame gives as the checksum of its predecessor.
func (m *meta) chain() uint32 {
	id, err := hex.DecodeString(m.ID)
	if err != nil {
		return 0
	}
	return checksum(0, id)
}

// seam returns how many numbers are lost before the part that begins at begin; ok says that a seam is there.
func (m *meta) seam(begin uint64) (lost uint64, ok bool) {
	i, ok := slices.BinarySearchFunc(m.Seams, begin,
		func(s seam, begin uint64) int { return cmp.Compare(s.Seq, begin) })
	if !ok {
		return 0, false
	}
	return m.Seams[i].Lost, true
}

// joins reports whether a part can follow one that ends before sequence number next with the checksum crc.
func (m *meta) joins(h *head, next uint64, crc uint32) bool {
	lost, seamed := m.seam(h.begin())
	return h.begin()-lost == next && (seamed || h.previous == crc)
}

func (m *meta) encode() ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the meta record of a log: %w", err)
	}
	return append(binary.LittleEndian.AppendUint32(nil, checksum(0, text)), text...), nil
}

// readMeta reads and checks the meta record. path is for the errors.
func readMeta(tx *bolt.Tx, path string) (meta, error) {
	bucket := tx.Bucket([]byte(bucketMeta))
	if bucket == nil {
		return meta{}, errForeignFile(path, "it holds another program's data")
	}
	m, err := decodeMeta(bucket.Get([]byte(keyLog)), path)
	if err == nil && tx.Bucket([]byte(bucketTail)) == nil {
		err = misfit(path, "its meta record makes no sense")
	}
	return m, err
}

func decodeMeta(record []byte, path string) (m meta, err error) {
	if len(record) < metaSumLen {
		return m, errForeignFile(path, "it has no meta record")
	}
	m, why := parseMeta(record)
	if why != "" {
		return m, misfit(path, why)
	}
	return m, m.check(path)
}

func (m *meta) known() bool { return m.Format == format || m.Format == fieldFormat }

// check refuses other formats, and numbers that cannot be a log's.
func (m *meta) check(path string) error {
	switch {
	case m.Format > format:
		return sentence(ErrNewer, path,
			"%s was written by a newer version of jobmon-db (format %d, this one knows %d): "+
				"install that version", path, m.Format, format)
	case !m.known():
		return sentence(ErrNewer, path,
			"%s has the format %d of a version of jobmon-db that was never released (this one "+
				"knows %d): move it away and begin a new log", path, m.Format, format)
	case m.First == 0 || m.First > jobmon.MaxSeq || m.Next > jobmon.MaxSeq+1 || m.Cut > jobmon.MaxSeq+1:
		return misfit(path, "its meta record makes no sense")
	}
	return nil
}

// metaSumLen is the length of the checksum before a meta record.
const metaSumLen = 4

// parseMeta decodes a meta record; why says what is wrong with it.
func parseMeta(record []byte) (m meta, why string) {
	if len(record) < metaSumLen || checksum(0, record[metaSumLen:]) != binary.LittleEndian.Uint32(record) {
		return m, "its meta record has a wrong checksum"
	}
	if err := json.Unmarshal(record[metaSumLen:], &m); err != nil {
		return m, "its meta record cannot be read"
	}
	return m, ""
}

func errForeignFile(path, why string) error {
	return sentence(ErrNotOurs, path,
		"%s is not a log of jobmon-db: %s: name the folder of the log as data_dir, or an "+
			"empty one", path, why)
}

// seqKey is the key of the frame or block that begins with seq.
func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// keySeq is the sequence number of a key; ok is false for what is none.
func keySeq(key []byte) (seq uint64, ok bool) {
	if len(key) == 8 {
		seq = binary.BigEndian.Uint64(key)
	}
	return seq, seq > 0
}
