package fault

import (
	"context"
	"path"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// behaviour is what a file does instead of answering.
type behaviour struct {
	errno   syscall.Errno // of a read
	hang    bool          // a read waits until it is interrupted
	trickle time.Duration // before each byte
	openErr syscall.Errno
}

// tree is a host's root in memory.
type tree struct {
	files  map[string]string
	faults map[string]behaviour // of files, of folders that are listed, and of "statfs"

	mu    sync.Mutex
	waits map[string]int // how many wait at this time
	most  map[string]int // and waited at once
	asked map[string]int
}

// mount mounts the tree and returns where.
func (h *tree) mount(t *testing.T) string {
	t.Helper()
	h.waits, h.most, h.asked = map[string]int{}, map[string]int{}, map[string]int{}
	dir := t.TempDir()
	none := time.Duration(0)
	server, err := fs.Mount(dir, &folder{tree: h}, &fs.Options{
		EntryTimeout: &none, AttrTimeout: &none,
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "fault", Name: "fault", AllowOther: true},
	})
	if err != nil {
		t.Fatalf("mounting by FUSE, which takes root and /dev/fuse: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		}
	})
	return dir
}

// wait keeps a request waiting as its fault says. It returns the error to
// answer with.
func (h *tree) wait(ctx context.Context, name string) syscall.Errno {
	h.mu.Lock()
	h.asked[name]++
	f, faulty := h.faults[name]
	if !faulty || !f.hang {
		h.mu.Unlock()
		return f.errno
	}
	h.waits[name]++
	h.most[name] = max(h.most[name], h.waits[name])
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	h.waits[name]--
	h.mu.Unlock()
	return syscall.EINTR
}

// folder is a folder of the tree.
type folder struct {
	fs.Inode
	tree *tree
	path string // "" is the root
}

var (
	_ fs.NodeOnAdder   = (*folder)(nil)
	_ fs.NodeOpendirer = (*folder)(nil)
	_ fs.NodeStatfser  = (*folder)(nil)
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
)

func (d *folder) OnAdd(ctx context.Context) {
	if d.path != "" {
		return
	}
	for name, content := range d.tree.files {
		at, parent := &d.Inode, ""
		parts := strings.Split(name, "/")
		for _, part := range parts[:len(parts)-1] {
			parent = path.Join(parent, part)
			next := at.GetChild(part)
			if next == nil {
				next = d.NewPersistentInode(ctx, &folder{tree: d.tree, path: parent}, fs.StableAttr{Mode: syscall.S_IFDIR})
				at.AddChild(part, next, false)
			}
			at = next
		}
		leaf := d.NewPersistentInode(ctx, &file{tree: d.tree, path: name, content: content}, fs.StableAttr{Mode: syscall.S_IFREG})
		at.AddChild(parts[len(parts)-1], leaf, false)
	}
}

func (d *folder) Opendir(ctx context.Context) syscall.Errno { return d.tree.wait(ctx, d.path) }

func (d *folder) Statfs(ctx context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Frsize, out.Blocks, out.Bfree, out.Bavail = 4096, 4096, 1000, 10, ^uint64(99)
	return d.tree.wait(ctx, "statfs")
}

// file is a file of the tree.
type file struct {
	fs.Inode
	tree          *tree
	path, content string
}

func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, f.tree.faults[f.path].openErr
}

func (f *file) Read(ctx context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if errno := f.tree.wait(ctx, f.path); errno != 0 {
		return nil, errno
	}
	rest := f.content[min(int(off), len(f.content)):]
	if pause := f.tree.faults[f.path].trickle; pause > 0 {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, syscall.EINTR
		}
		rest = rest[:min(1, len(rest))]
	}
	return fuse.ReadResultData([]byte(rest[:min(len(rest), len(dest))])), 0
}
