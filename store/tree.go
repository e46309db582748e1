package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The code below walks bbolt's tree with plain reads and checks, so that no damage can do harm: it visits each page
// once, trusts no length beyond its page, and reads no values.

// place is where a value lies according to bbolt's tree.
type place struct {
	seq    uint64 // the key of a frame or block
	name   string // the key of anything else
	offset int64
	size   int64
}

// tree is the content of a log file's pages, and the faults found in them.
type tree struct {
	newest  boltMeta
	entries map[string][]place // by bucket, in the order of the keys
	faults  []Fault
	good    int  // how many of the two meta pages
	lame    bool // part of the tree cannot be walked

	file    sizedFile
	visited []uint64 // bits: pages that something points to
}

const (
	maxTreeDepth  = 32
	elementLen    = 16
	bucketEntry   = 0x01 // flag of an element whose value is a bucket
	bucketHeadLen = 16
	maxKeyLen     = 1024 // of a log; bbolt allows more
	maxFaults     = 200  // reported one by one
)

// errDamagedPage means that the damage has been recorded.
var errDamagedPage = errors.New("damaged page")

// walkTree walks the tree of the newest meta page; unless thorough, it checks only the meta pages and the length of the
// file. It returns only errors of the disk, and ErrNotOurs.
func walkTree(file sizedFile, path string, thorough bool) (*tree, error) {
	t := &tree{file: file, entries: map[string][]place{}}
	size, usable, err := t.metas(path)
	if err != nil {
		return nil, err
	}
	if !usable {
		return t, nil
	}
	newest, pages := t.newest, uint64(size/pageSize)
	if pages < newest.pages {
		t.fault(Fault{
			Part: PartFile, Offset: size, Kind: ErrTruncated, Deadly: true,
			Text: fmt.Sprintf("the file is cut short, it has %d pages of %d", pages, newest.pages),
		})
	}
	if !thorough {
		return t, nil
	}
	t.visited = make([]uint64, min(newest.pages, pages+1)/64+1)
	if err := t.branch(newest.root, "", 0, nil, nil); err != nil && err != errDamagedPage {
		return nil, err
	}
	if n, tail := len(t.entries[bucketBlocks]), t.entries[bucketTail]; n > 0 && len(tail) > 0 &&
		t.entries[bucketBlocks][n-1].seq >= tail[0].seq {
		_ = t.broken(newest.root, "the blocks reach to event %d, the tail begins with %d",
			t.entries[bucketBlocks][n-1].seq, tail[0].seq)
	}
	if pages < newest.pages {
		return t, nil // the list of free pages cannot be checked
	}
	return t, t.freelist()
}

// metas reads the meta pages and the length of the file, and records what is wrong with them. usable is false when no
// meta page leads to a tree.
func (t *tree) metas(path string) (size int64, usable bool, err error) {
	newest, good, err := metaPages(t.file, path)
	// The length is read after the meta pages: a file grows before they change.
	size, sizeErr := t.file.Seek(0, io.SeekEnd)
	if sizeErr != nil {
		return 0, false, ioError("looking at the log "+path, sizeErr)
	}
	t.good = good
	at, known := Fault{Part: PartMeta}, (*Error)(nil)
	switch {
	case size == 0:
		at.Part, at.Kind, at.Text = PartFile, ErrTruncated, "the file is empty"
	case err != nil && (errors.Is(err, ErrNotOurs) || !errors.As(err, &known)):
		return 0, false, err
	case err != nil:
		at.Deadly, at.Text = true, "both pages that say where everything is are damaged"
	case good == 1:
		at.Text = "one of the two pages that say where everything is is damaged: the newest batch may be missing"
	}
	if at.Text != "" {
		t.fault(at)
	}
	if size == 0 || err != nil {
		return size, false, nil
	}
	t.newest = newest
	return size, true, nil
}

// sizedFile is a file on disk or in memory.
type sizedFile interface {
	io.ReaderAt
	io.Seeker
}

func (t *tree) fault(f Fault) {
	if f.Kind == nil {
		f.Kind = ErrCorrupt
	}
	if len(t.faults) < maxFaults {
		t.faults = append(t.faults, f)
	}
}

// broken records that a page is damaged.
func (t *tree) broken(id uint64, format string, args ...any) error {
	t.lame = true
	offset := int64(0)
	if id < t.newest.pages {
		offset = int64(id) * pageSize
	}
	t.fault(Fault{
		Part: PartTree, Offset: offset, Deadly: true,
		Text: fmt.Sprintf("page %d of the tree is damaged: %s", id, fmt.Sprintf(format, args...)),
	})
	return errDamagedPage
}

// visit marks the pages from id on. It returns false when one of them was marked before or does not exist.
func (t *tree) visit(id, overflow uint64) bool {
	if id < 2 || id >= t.newest.pages || overflow >= t.newest.pages-id || (id+overflow)/64 >= uint64(len(t.visited)) {
		return false
	}
	for i := id; i <= id+overflow; i++ {
		if t.visited[i/64]>>(i%64)&1 == 1 {
			return false
		}
		t.visited[i/64] |= 1 << (i % 64)
	}
	return true
}

// read reads from the file. A page beyond its end counts as damaged.
func (t *tree) read(id uint64, into []byte, at int64) error {
	n, err := t.file.ReadAt(into, at)
	if n == len(into) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return t.broken(id, "it lies behind the end of the file")
	}
	return ioError("reading the log", err)
}

// leafOrBranch is a page, or the page inside a small bucket.
type leafOrBranch struct {
	id       uint64
	at       int64 // where it begins in the file
	space    int64 // its length in bytes
	elements []byte
	leaf     bool
	count    int
	next     int64 // where the next key begins, from the page's beginning
}

// open reads the header and the elements of a page.
func (t *tree) open(id uint64, at, space int64, inline bool) (*leafOrBranch, error) {
	header := make([]byte, pageHeaderLen)
	if err := t.read(id, header, at); err != nil {
		return nil, err
	}
	flags := binary.LittleEndian.Uint16(header[8:])
	count := int(binary.LittleEndian.Uint16(header[10:]))
	p := &leafOrBranch{id: id, at: at, space: space, leaf: flags == flagLeaf, count: count}
	overflow := uint64(binary.LittleEndian.Uint32(header[12:]))
	switch self := binary.LittleEndian.Uint64(header); {
	case flags != flagLeaf && (flags != flagBranch || inline):
		return nil, t.broken(id, "it is of the type %#x", flags)
	case inline:
	case self != id:
		return nil, t.broken(id, "it says that it is page %d", self)
	case !t.visit(id, overflow):
		return nil, t.broken(id, "with its %d pages it is used twice, or is not in the file", overflow+1)
	default:
		p.space = int64(overflow+1) * pageSize
	}
	if int64(p.count)*elementLen > p.space-pageHeaderLen || p.count == 0 && !p.leaf {
		return nil, t.broken(id, "it cannot hold %d entries", p.count)
	}
	p.elements, p.next = make([]byte, p.count*elementLen), pageHeaderLen+int64(p.count)*elementLen
	return p, t.read(id, p.elements, at+pageHeaderLen)
}

// empty checks that a page without entries has none: bbolt fills unused space with zeros.
func (t *tree) empty(p *leafOrBranch) error {
	first := make([]byte, min(elementLen, p.space-pageHeaderLen))
	if err := t.read(p.id, first, p.at+pageHeaderLen); err != nil {
		return err
	}
	if len(bytes.Trim(first, "\x00")) > 0 {
		return t.broken(p.id, "it says that it has no entries, and has some")
	}
	return nil
}

// key reads a key of the page. value is the distance from the beginning of the page to the beginning of the value.
// bbolt writes the first key right after the elements, and each further one right after the value before it. So key
// finds a wrong place, size or number of entries, although pages have no checksums.
func (t *tree) key(p *leafOrBranch, i int, pos, keyLen, valueLen uint32) (key []byte, value int64, err error) {
	begin := int64(pageHeaderLen+i*elementLen) + int64(pos)
	value = begin + int64(keyLen)
	end := value + int64(valueLen)
	if end > p.space || keyLen > maxKeyLen {
		return nil, 0, t.broken(p.id, "entry %d lies outside of it", i+1)
	}
	if begin != p.next {
		return nil, 0, t.broken(p.id, "entry %d does not begin where the one before ends", i+1)
	}
	p.next = end
	key = make([]byte, keyLen)
	return key, value, t.read(p.id, key, p.at+begin)
}

// branch walks the page and everything below it. Its keys are at least low, and less than high unless that is nil.
func (t *tree) branch(id uint64, bucket string, depth int, low, high []byte) error {
	if depth > maxTreeDepth {
		return t.broken(id, "the tree is too deep")
	}
	if id < 2 || id >= t.newest.pages { // checked first: the product below could overflow
		return t.broken(id, "the file has %d pages", t.newest.pages)
	}
	p, err := t.open(id, int64(id)*pageSize, 0, false)
	if err != nil {
		return err
	}
	if p.leaf {
		return t.leaf(p, bucket, depth, low, high)
	}
	keys, children := make([][]byte, p.count), make([]uint64, p.count)
	for i := range p.count {
		e := p.elements[i*elementLen:]
		children[i] = binary.LittleEndian.Uint64(e[8:])
		pos, keyLen := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
		if keys[i], _, err = t.key(p, i, pos, keyLen, 0); err != nil {
			return err
		}
		if err := t.inOrder(p, i, keys, low, high); err != nil {
			return err
		}
	}
	for i, child := range children {
		end := high
		if i+1 < len(keys) {
			end = keys[i+1]
		}
		if err := t.branch(child, bucket, depth+1, keys[i], end); err != nil && err != errDamagedPage {
			return err
		}
	}
	return nil
}

func (t *tree) inOrder(p *leafOrBranch, i int, keys [][]byte, low, high []byte) error {
	if i > 0 && bytes.Compare(keys[i-1], keys[i]) >= 0 || i == 0 && bytes.Compare(keys[0], low) < 0 ||
		high != nil && bytes.Compare(keys[i], high) >= 0 {
		return t.broken(p.id, "the key of entry %d is not in order", i+1)
	}
	return nil
}

// leaf records the entries of a leaf page; those of the root are buckets.
func (t *tree) leaf(p *leafOrBranch, bucket string, depth int, low, high []byte) error {
	if p.count == 0 {
		return t.empty(p)
	}
	keys := make([][]byte, p.count)
	entries := make([]place, p.count)
	for i := range p.count {
		e := p.elements[i*elementLen:]
		pos, keyLen := binary.LittleEndian.Uint32(e[4:]), binary.LittleEndian.Uint32(e[8:])
		valueLen := binary.LittleEndian.Uint32(e[12:])
		key, value, err := t.key(p, i, pos, keyLen, valueLen)
		if err != nil {
			return err
		}
		keys[i] = key
		if err := t.inOrder(p, i, keys, low, high); err != nil {
			return err
		}
		if isBucket := binary.LittleEndian.Uint32(e); isBucket > bucketEntry ||
			(isBucket == bucketEntry) != (bucket == "") {
			return t.broken(p.id, "entry %d has the flags %#x", i+1, isBucket)
		}
		entries[i] = place{name: string(keys[i]), offset: p.at + value, size: int64(valueLen)}
	}
	if bucket == "" {
		return t.buckets(p, entries, depth)
	}
	for i := range entries {
		if bucket == bucketTail || bucket == bucketBlocks {
			seq, ok := keySeq(keys[i])
			if !ok {
				return t.broken(p.id, "the key of entry %d is not a sequence number", i+1)
			}
			entries[i].name, entries[i].seq = "", seq
		}
	}
	t.entries[bucket] = append(t.entries[bucket], entries...)
	return nil
}

// buckets walks the buckets of the root.
func (t *tree) buckets(p *leafOrBranch, entries []place, depth int) error {
	for i := range entries {
		if err := t.bucket(p, &entries[i], depth); err != nil && err != errDamagedPage {
			return err
		}
	}
	return nil
}

// bucket walks a bucket; a small one lies inside the entry.
func (t *tree) bucket(p *leafOrBranch, e *place, depth int) error {
	if e.size < bucketHeadLen || e.name == "" {
		return t.broken(p.id, "the bucket %q has no beginning", e.name)
	}
	head := make([]byte, bucketHeadLen)
	if err := t.read(p.id, head, e.offset); err != nil {
		return err
	}
	if _, again := t.entries[e.name]; again {
		return t.broken(p.id, "the bucket %q is there twice", e.name)
	}
	t.entries[e.name] = nil
	if root := binary.LittleEndian.Uint64(head); root != 0 {
		return t.branch(root, e.name, depth+1, nil, nil)
	}
	if e.size < bucketHeadLen+pageHeaderLen {
		return t.broken(p.id, "the bucket %q has no page", e.name)
	}
	inside, err := t.open(p.id, e.offset+bucketHeadLen, e.size-bucketHeadLen, true)
	if err != nil {
		return err
	}
	return t.leaf(inside, e.name, depth, nil, nil)
}

// freelist checks the list of free pages: a page that is free and in use would be overwritten by the next commit.
func (t *tree) freelist() error {
	free, overflow, ok, err := freePages(t.file, t.newest)
	if err != nil && !errors.Is(err, io.EOF) {
		return ioError("reading the log", err)
	}
	at := Fault{Part: PartFree, Deadly: true}
	if t.newest.freelist < t.newest.pages {
		at.Offset = int64(t.newest.freelist) * pageSize
	}
	if !ok {
		at.Text = "the list of free pages is damaged"
	} else if !t.visit(t.newest.freelist, overflow) {
		at.Text = "the list of free pages is on pages that are in use"
	}
	for ; len(free) > 0 && at.Text == ""; free = free[8:] {
		id := binary.LittleEndian.Uint64(free)
		if id/64 < uint64(len(t.visited)) && t.visited[id/64]>>(id%64)&1 == 1 {
			at.Offset, at.Text = int64(id)*pageSize, fmt.Sprintf("page %d is listed as free and is in use", id)
		}
	}
	if at.Text != "" {
		t.fault(at)
	}
	return nil
}
