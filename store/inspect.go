package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// bbolt believes its pages: given a file that is cut short or overwritten it panics, or touches memory that is not
// there. So the pages that it reads on opening are looked at first, with plain reads.
//
// A page begins with id (8 bytes), flags (2), count (2), overflow (4); numbers are little endian on all machines
// that this program is built for.
const (
	pageSize       = 4096 // of every log, whatever the operating system's is
	pageHeaderLen  = 16
	flagBranch     = 0x01
	flagLeaf       = 0x02
	flagFreelist   = 0x10
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	metaLen        = 64
	manyFree       = 0xFFFF // a free list's count when the number stands before the list
	noFreelistSync = 1<<64 - 1
)

// boltMeta is one of the two pages that say where everything else is.
type boltMeta struct {
	root     uint64 // page of the root bucket
	freelist uint64 // page of the free list
	pages    uint64 // number of pages in use: the file is at least as long
	txid     uint64
}

// inspect says what is wrong with the file at path, before bbolt opens it. It takes no lock: what another process is
// just writing can look damaged, see openFile. The free list matters to a writer only.
func inspect(path string, toWrite bool) error {
	file, err := os.Open(path)
	if err != nil {
		return ioError("opening the log", err)
	}
	defer file.Close()

	newest, metaErr := newestMeta(file, path)
	// The length comes after the meta page: a file grows before the page says so.
	info, err := file.Stat()
	if err != nil {
		return ioError("looking at the log "+path, err)
	}
	size := info.Size()
	if size == 0 {
		return inFile(ErrTruncated, path, 0, "the file is empty")
	}
	if metaErr != nil {
		return metaErr
	}
	if pages := uint64(size / pageSize); pages < newest.pages {
		return inFile(ErrTruncated, path, size, fmt.Sprintf("the file is cut short, it has %d pages of %d", pages, newest.pages))
	}
	if err := checkPage(file, path, newest.root, newest.pages, flagBranch|flagLeaf); err != nil {
		return err
	}
	if !toWrite {
		return nil
	}
	_, err = checkedFreelist(file, path, newest)
	return err
}

// newestMeta finds the meta page that bbolt will go by. One of the two may be torn by a loss of power.
func newestMeta(file io.ReaderAt, path string) (boltMeta, error) {
	newest, _, err := metaPages(file, path)
	return newest, err
}

// metaPages also says how many of the two pages are good.
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
		if binary.LittleEndian.Uint32(raw[4:]) != boltVersion || hash.Sum64() != binary.LittleEndian.Uint64(raw[metaLen-8:]) {
			continue
		}
		if size := binary.LittleEndian.Uint32(raw[8:]); size != pageSize {
			return newest, good, errForeignFile(path, fmt.Sprintf("its pages have %d bytes, those of a log %d", size, pageSize))
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

func checkPage(file io.ReaderAt, path string, id, pages uint64, flags uint16) error {
	if id < 2 || id >= pages {
		return inFile(ErrCorrupt, path, 0, fmt.Sprintf("a page %d of %d makes no sense", id, pages))
	}
	header := make([]byte, pageHeaderLen)
	if _, err := file.ReadAt(header, int64(id)*pageSize); err != nil {
		return ioError("reading the log "+path, err)
	}
	self, has := binary.LittleEndian.Uint64(header), binary.LittleEndian.Uint16(header[8:])
	overflow := uint64(binary.LittleEndian.Uint32(header[12:]))
	if self != id || has&flags == 0 || has&^flags != 0 || overflow >= pages-id {
		return inFile(ErrCorrupt, path, int64(id)*pageSize, fmt.Sprintf("page %d is damaged", id))
	}
	return nil
}

// checkedFreelist reads the list of free pages, and checks that it names pages of the file, each once: bbolt would give
// them to new data.
func checkedFreelist(file io.ReaderAt, path string, m boltMeta) ([]byte, error) {
	list, err := freePages(file, path, m)
	if err != nil {
		return nil, err
	}
	last := uint64(1)
	for rest := list; len(rest) > 0; rest = rest[8:] {
		id := binary.LittleEndian.Uint64(rest)
		if id <= last || id >= m.pages {
			return nil, errFreelist(path, m)
		}
		last = id
	}
	return list, nil
}

func errFreelist(path string, m boltMeta) error {
	return inFile(ErrCorrupt, path, int64(m.freelist)*pageSize, "the list of free pages is damaged")
}

// freePages reads the list of free pages: their numbers, 8 bytes each.
func freePages(file io.ReaderAt, path string, m boltMeta) ([]byte, error) {
	if m.freelist == noFreelistSync {
		return nil, inFile(ErrCorrupt, path, 0, "it has no list of free pages")
	}
	if err := checkPage(file, path, m.freelist, m.pages, flagFreelist); err != nil {
		return nil, err
	}
	begin := int64(m.freelist) * pageSize
	head := make([]byte, pageHeaderLen+8)
	if _, err := file.ReadAt(head, begin); err != nil {
		return nil, ioError("reading the log "+path, err)
	}
	count := uint64(binary.LittleEndian.Uint16(head[10:]))
	room := (uint64(binary.LittleEndian.Uint32(head[12:]))+1)*pageSize - pageHeaderLen
	at := begin + pageHeaderLen
	if count == manyFree {
		count = binary.LittleEndian.Uint64(head[pageHeaderLen:])
		room, at = room-8, at+8
	}
	if count > room/8 {
		return nil, errFreelist(path, m)
	}
	list := make([]byte, count*8)
	if _, err := file.ReadAt(list, at); err != nil {
		return nil, ioError("reading the log "+path, err)
	}
	return list, nil
}
