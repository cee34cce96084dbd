/**
 * Tells the page around the embed how high it is, so that its iframe needs no scroll bar:
 * `{ type: 'livelog-height', height: 1234 }`, in pixels, at each change. It says nothing else, so any page may read it.
 */

if (parent !== window) {
  let told = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    parent.postMessage({ type: 'livelog-height', height }, '*');
  }).observe(document.body);
}
