/** Cameras as the feed would have brought them. */
import { CameraStore } from "../../dashboard/assets/camera_store.js";

export const NOW = 1_700_000_000_000;

/** A store of cameras that were heard now; names and columns as given. */
export function storeOf(cameras) {
  const store = new CameraStore(4);
  const columns = {};
  for (const name of Object.keys(store.columns)) {
    const Column = store.columns[name].constructor;
    columns[name] = Column.from(cameras, (camera) => camera[name] ?? 0);
  }
  columns.number = Uint32Array.from(cameras, (_, row) => row + 1);
  columns.latE7 = Int32Array.from(cameras, (camera) => Math.round((camera.lat ?? 56) * 1e7));
  columns.lonE7 = Int32Array.from(cameras, (camera) => Math.round((camera.lon ?? 1) * 1e7));
  columns.flags = Uint8Array.from(cameras, (camera) => camera.flags ?? 1);
  columns.recording = Uint8Array.from(cameras, (camera) => camera.recording ?? 3);
  columns.intervalS = Uint16Array.from(cameras, (camera) => camera.intervalS ?? 1);
  columns.seenTimeMs = Float64Array.from(cameras, (camera) => camera.seenTimeMs ?? NOW);
  store.putDirectory(cameras.map((camera, row) => ({ n: row + 1, camera: `C${row + 1}`, officer: null, name: null, call_sign: null, unit: null, unit_name: null, kind: "body_worn", ...camera.entry })));
  store.apply({ kind: "snapshot", count: cameras.length, columns, removed: new Uint32Array(0) });
  return store;
}
