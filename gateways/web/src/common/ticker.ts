/** A timer that hidden tabs do not slow down: it lives in a worker. */

const SOURCE = "let t=0;onmessage=({data})=>{clearInterval(t);if(data>0)t=setInterval(()=>postMessage(0),data)}";

/** Call `tick` every `ms` until the returned function is called. */
export function every(ms: number, tick: () => void): () => void {
  const url = URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  worker.onmessage = tick;
  worker.postMessage(ms);
  return () => worker.terminate();
}
