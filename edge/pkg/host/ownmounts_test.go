package host

import (
	"context"
	"os"
	"strings"
	"testing"
)

// Of a host that hides its processes, a process on it takes its own mounts; one
// in a container says that it cannot.
func TestOwnMounts(t *testing.T) {
	const (
		id      = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		uuid    = "8f0c0f2e-4f39-4b4f-8a3c-3c1ad1ffb0b5"
		disk    = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
		home    = "23 22 8:2 / /home rw,relatime - ext4 /dev/sda2 rw\n"
		overlay = "500 400 0:50 / / rw,relatime - overlay overlay rw,"
		service = "0::/system.slice/sysinfo-reporter.service\n"
	)
	for name, test := range map[string]struct {
		mountinfo, cgroup, environ string
		marker                     string
		want                       string // mount points, or what is said of the container
	}{
		"a service":               {disk + home, service, "PATH=/bin\x00", "", "/ /home"},
		"without systemd":         {disk + home, "0::/\n", "", "", "/ /home"},
		"without control groups":  {disk + home, "", "", "", "/ /home"},
		"version 1":               {disk + home, "4:memory:/\n1:name=systemd:/system.slice/cron.service\n", "", "", "/ /home"},
		"an image from Docker's":  {disk + home, "0::/\n", "", ".dockerenv", "/ /home"},
		"a sandbox":               {"90 80 8:1 / / ro,relatime - ext4 /dev/sda1 rw\n91 90 0:40 / /home ro - tmpfs tmpfs ro\n", service, "", "", "/"},
		"btrfs":                   {"22 1 0:30 /@ / rw - btrfs /dev/sda1 rw,subvol=/@\n" + home, service, "", "", "/ /home"},
		"OSTree":                  {"22 1 8:1 /ostree/deploy/fcos/deploy/" + id + ".0 / rw - xfs /dev/sda4 rw\n" + home, "0::/\n", "", "", "/ /home"},
		"composefs":               {"22 1 0:30 / / ro - overlay composefs ro,lowerdir+=/run/ostree/.private/cfsroot-lower,datadir+=/sysroot/ostree/repo/objects\n" + home, service, "", "", "/(ro) /home"},
		"overlayroot":             {"22 1 0:30 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay\n" + home, service, "", "", "/ /home"},
		"Ubuntu Core":             {"22 1 7:1 / / ro - squashfs /dev/loop1 ro\n30 22 8:2 /system-data/etc/hosts /etc/hosts rw - ext4 /dev/sda2 rw\n" + home, service, "", "", "/(ro) /home"},
		"a root in memory":        {"1 1 0:2 / / rw - rootfs rootfs rw\n" + home, "0::/\n", "", "", "/ /home"},
		"a disk for Docker":       {disk + "24 22 8:3 / /var/lib/docker rw - ext4 /dev/sdb1 rw\n", service, "", "", "/ /var/lib/docker"},
		"a shell of a user":       {disk + home, "0::/user.slice/user-1000.slice/session-3.scope\n", "TERM=x\x00container=\x00", "", "/ /home"},
		"a containers' host":      {disk + home + "600 22 0:60 / /var/lib/docker/overlay2/" + id + "/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A\n", service, "", "", "/ /home"},
		"Docker, group told":      {disk, "0::/system.slice/docker-" + id + ".scope\n", "", "", "control group is /system.slice/docker-"},
		"Docker, cgroupfs":        {disk, "5:memory:/docker/" + id + "\n", "", "", "control group is /docker/"},
		"a pod, group told":       {disk, "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-" + id + ".scope\n", "", "", "control group is /kubepods.slice"},
		"a pod, relative":         {disk, "0::/../../kubepods-pod1.slice/x\n", "", "", "control group is /../../kubepods"},
		"a pod, by environment":   {disk, "0::/\n", "A=b\x00KUBERNETES_SERVICE_HOST=10.0.0.1\x00", "", "environment has KUBERNETES_SERVICE_HOST"},
		"Podman, by environment":  {disk, "0::/\n", "container=oci\x00", "", "environment has container"},
		"Docker's store":          {overlay + "lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,upperdir=/var/lib/docker/overlay2/" + id + "/diff\n", "0::/\n", "", "", "its / comes from rw,lowerdir=/var/lib/docker"},
		"Docker's, moved":         {overlay + "lowerdir=l/A,upperdir=/data/overlay2/" + id + "/diff,workdir=w\n", service, "", "", "its / comes from"},
		"containerd's store":      {overlay + "lowerdir=/data/snapshots/12/fs,upperdir=/data/snapshots/13/fs\n", service, "", "", "its / comes from"},
		"Podman's store":          {overlay + "lowerdir=/home/u/.local/share/containers/storage/overlay/l/A\n", service, "", "", "its / comes from"},
		"btrfs store":             {"500 400 0:30 /@/var/lib/docker/btrfs/subvolumes/" + id + " / rw - btrfs /dev/sda1 rw\n", service, "", "", "its / comes from /@/var/lib/docker"},
		"vfs store":               {"500 400 8:1 /srv/vfs/dir/" + id + " / rw - ext4 /dev/sda1 rw\n", service, "", "", "its / comes from /srv/vfs"},
		"ZFS store":               {"500 400 0:70 / / rw - zfs rpool/docker/" + id + " rw\n", service, "", "", "its / comes from rpool/"},
		"device mapper, Docker":   {"500 400 253:4 /rootfs / rw - xfs /dev/mapper/docker-8:1-12-" + id + " rw\n", service, "", "", "its / comes from /dev/mapper"},
		"device mapper":           {"500 400 253:4 / / rw - ext4 /dev/mapper/pool-snap-7 rw\n", service, "", "", "its / comes from /dev/mapper"},
		"files of Docker's":       {disk + "30 22 8:3 /lib/containers/" + id + "/hosts /etc/hosts rw - ext4 /dev/sdb1 rw\n", "0::/\n", "", "", "is mounted at /etc/hosts"},
		"files of the kubelet's":  {disk + "30 22 8:1 /var/lib/kubelet/pods/" + uuid + "/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw\n", "0::/\n", "", "", "is mounted at /etc/hosts"},
		"files of Podman's":       {disk + "30 22 0:40 /containers/storage/overlay-containers/x/userdata/resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw\n", "0::/\n", "", "", "is mounted at /etc/resolv.conf"},
		"a pod's termination log": {disk + "30 22 8:1 /x /dev/termination-log rw - ext4 /dev/sda1 rw\n", "0::/\n", "", "", "is mounted at /dev/termination-log"},
		"a pod's token":           {disk + "30 22 0:40 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs ro\n", "0::/\n", "", "", "is mounted at /run/secrets"},
		"Docker's marker":         {overlay + "lowerdir=x\n", "0::/\n", "", ".dockerenv", ".dockerenv"},
		"Podman's marker":         {"500 400 0:50 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw\n", "0::/\n", "", "run/.containerenv", ".containerenv"},
		"doubt":                   {overlay + "lowerdir=/a,upperdir=/b\n", "0::/\n", "", "", "an overlay of nobody knows what"},
		"no root":                 {home, service, "", "", "they have no /"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"proc/self/mountinfo": test.mountinfo, "proc/self/cgroup": test.cgroup, "proc/self/environ": test.environ}
			if test.marker != "" {
				files[test.marker] = ""
			}
			doc, errs := readTree(t, files, func(r *Reader) {
				r.ownRoot = true
				if err := os.Remove(r.proc("1/mountinfo")); err != nil {
					t.Fatal(err)
				}
			})
			if strings.HasPrefix(test.want, "/") { // mount points
				expectMounts(t, doc.Filesystems, test.want)
				expectSaid(t, errs, "1/mountinfo", "took this process's own mounts")
				return
			}
			expectMounts(t, doc.Filesystems, "")
			expectSaid(t, errs, "reading filesystems: the host's mounts: ", "1/mountinfo", "this process's own are a container's, for", test.want, "--host-root")
		})
	}
}

// In a container that sees the host's processes, the host's paths lead into the
// container's files. Nothing is reported of them.
func TestMountsOfAnotherRoot(t *testing.T) {
	for name, test := range map[string]struct{ own, want string }{
		"a container":    {"500 400 0:50 / / rw - overlay overlay rw\n", ""},
		"a covered root": {"500 400 0:50 / / rw - overlay overlay rw\n501 500 8:1 / / ro - ext4 /dev/sda1 rw\n", "/"},
		"a sandbox":      {"500 400 8:1 / / ro - ext4 /dev/sda1 rw\n", "/"},
		"nobody knows":   {"", "/"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, errs := readTree(t, map[string]string{"proc/self/mountinfo": test.own}, func(r *Reader) { r.ownRoot = true })
			expectMounts(t, doc.Filesystems, test.want)
			if test.want == "" {
				expectSaid(t, errs, "the host's mounts: this process's / is not that of process 1", "--host-root")
			} else if name != "nobody knows" {
				expectSaid(t, errs)
			}
		})
	}
}

// A sensor that once counted in thousandths does so near zero, too, where one
// that always was near zero may count in anything.
func TestTemperatureNearZero(t *testing.T) {
	root := plant(t, tree)
	r := readerOn(root, Options{})
	for i, step := range []struct {
		temp string
		want float64
		ok   bool
	}{{"450", 0, false}, {"3450", 3.45, true}, {"450", .45, true}, {"-45", -.045, true}, {"nonsense", 0, false}, {"200", .2, true}} {
		write(t, root, "sys/class/thermal/thermal_zone0/temp", step.temp)
		doc, errs := r.Read(context.Background())
		if ok := len(doc.Temperatures) == 1; ok != step.ok || ok && *doc.Temperatures[0].Celsius != step.want {
			t.Errorf("step %d, %s: %+v, %v", i, step.temp, doc.Temperatures, errs)
		}
	}
}
