package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// bbolt believes its pages: given a file that is cut short or overwritten it panics, or touches memory that is not
// there. So its pages are looked at first, with plain reads.
//
// A page begins with id (8 bytes), flags (2), count (2), overflow (4); numbers are little endian on all machines
// that this program is built for.
const (
	pageSize      = 4096 // of every log, whatever the operating system's is
	pageHeaderLen = 16
	flagBranch    = 0x01
	flagLeaf      = 0x02
	flagFreelist  = 0x10
	boltMagic     = 0xED0CDAED
	boltVersion   = 2
	metaLen       = 64
	manyFree      = 0xFFFF // a free list's count when the number stands before the list
)

// boltMeta is one of the two pages that say where everything else is.
type boltMeta struct {
	root     uint64 // page of the root bucket
	freelist uint64 // page of the free list
	pages    uint64 // number of pages in use: the file is at least as long
	txid     uint64
}

// look finds what is wrong with the file at path, before bbolt opens it. It takes no lock: what another process is
// just writing can look damaged, see openFile. The free list matters to a writer only.
func look(path string, toWrite, thorough bool) error {
	file, err := os.Open(path)
	if err != nil {
		return ioError("opening the log", err)
	}
	defer file.Close()
	t, err := walkTree(file, path, thorough)
	if err != nil {
		return err
	}
	for i := range t.faults {
		if f := &t.faults[i]; (f.Deadly || f.Part == PartFile) && (toWrite || f.Part != PartFree) {
			return inFile(f.Kind, path, f.Offset, f.Text)
		}
	}
	return nil
}

// metaPages finds the meta page that bbolt will go by, and how many of the two are good. A loss of power may tear one.
func metaPages(file io.ReaderAt, path string) (newest boltMeta, good int, err error) {
	bolts := false
	for i := range int64(2) {
		page := make([]byte, pageHeaderLen+metaLen)
		if _, err := file.ReadAt(page, i*pageSize); err == io.EOF {
			break
		} else if err != nil {
			return newest, good, ioError("reading the log "+path, err)
		}
		raw := page[pageHeaderLen:]
		if binary.LittleEndian.Uint32(raw) != boltMagic {
			continue
		}
		bolts = true
		hash := fnv.New64a()
		hash.Write(raw[:metaLen-8])
		if binary.LittleEndian.Uint32(raw[4:]) != boltVersion ||
			hash.Sum64() != binary.LittleEndian.Uint64(raw[metaLen-8:]) {
			continue
		}
		if size := binary.LittleEndian.Uint32(raw[8:]); size != pageSize {
			return newest, good, errForeignFile(path,
				fmt.Sprintf("its pages have %d bytes, those of a log %d", size, pageSize))
		}
		m := boltMeta{
			root:     binary.LittleEndian.Uint64(raw[16:]),
			freelist: binary.LittleEndian.Uint64(raw[32:]),
			pages:    binary.LittleEndian.Uint64(raw[40:]),
			txid:     binary.LittleEndian.Uint64(raw[48:]),
		}
		if good++; good == 1 || m.txid > newest.txid {
			newest = m
		}
	}
	switch {
	case good > 0:
		return newest, good, nil
	case bolts:
		return newest, good, inFile(ErrCorrupt, path, 0, "both pages that say where everything is are damaged")
	}
	return newest, good, errForeignFile(path, "it has another format")
}

// freePages reads the list of free pages: their numbers, 8 bytes each, ascending, and how many pages follow the first
// that the list is on. ok is false when it is damaged.
func freePages(file io.ReaderAt, m boltMeta) (list []byte, overflow uint64, ok bool, err error) {
	if m.freelist < 2 || m.freelist >= m.pages { // also when it was not synced
		return nil, 0, false, nil
	}
	at := int64(m.freelist) * pageSize
	head := make([]byte, pageHeaderLen+8)
	if _, err := file.ReadAt(head, at); err != nil {
		return nil, 0, false, err
	}
	count := uint64(binary.LittleEndian.Uint16(head[10:]))
	overflow = uint64(binary.LittleEndian.Uint32(head[12:]))
	room := (overflow+1)*pageSize - pageHeaderLen
	at += pageHeaderLen
	if count == manyFree {
		count = binary.LittleEndian.Uint64(head[pageHeaderLen:])
		room, at = room-8, at+8
	}
	self, flags := binary.LittleEndian.Uint64(head), binary.LittleEndian.Uint16(head[8:])
	if self != m.freelist || flags != flagFreelist || overflow >= m.pages-m.freelist || count > room/8 {
		return nil, 0, false, nil
	}
	list = make([]byte, count*8)
	if _, err := file.ReadAt(list, at); err != nil {
		return nil, 0, false, err
	}
	last := uint64(1)
	for rest := list; len(rest) > 0; rest = rest[8:] {
		id := binary.LittleEndian.Uint64(rest)
		if id <= last || id >= m.pages {
			return nil, 0, false, nil
		}
		last = id
	}
	return list, overflow, true, nil
}
